import { client } from './live.js';

const banner = document.getElementById('banner');
const announced = new Map();

function show() {
  const live = [...announced.values()].filter(({ expires_at: end }) => !end || new Date(end) > new Date());
  const [latest] = live.sort((a, b) => b.number - a.number);
  banner.textContent = latest?.title ?? '';
}

client.followAnnouncements({
  onFeed({ announcements }) {
    announced.clear();
    for (const each of announcements) announced.set(each.id, each);
    show();
  },
  onEvent({ type, data }) {
    if (type === 'announcements.withdrawn') announced.delete(data.id);
    else if (data.announcement) announced.set(data.announcement.id, data.announcement);
    show();
  },
});

setInterval(show, 1000); // No event tells that one has expired.
