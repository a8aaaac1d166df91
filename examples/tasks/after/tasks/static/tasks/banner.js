import { client } from './live.js';

const banner = document.getElementById('banner');

client.followAnnouncements({
  onFeed({ announcements: [latest] }) {
    banner.textContent = latest?.title ?? '';
  },
  onEvent({ type, data }) {
    if (type === 'announcements.announced') banner.textContent = data.announcement.title;
  },
});
