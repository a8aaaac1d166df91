import { client } from './live.js';

const bell = document.getElementById('bell');
const news = document.getElementById('news');

client.notifications.follow(({ list, unread }) => {
  bell.textContent = `Notifications (${unread})`;
  news.replaceChildren(
    ...(list ?? []).map(({ title, body, link, read }) => {
      const item = document.createElement('li');
      item.append(Object.assign(document.createElement('a'), { href: link, textContent: title }), ` ${body}`);
      item.className = read ? '' : 'unread';
      return item;
    }),
  );
});

client.onEvent('notifications.notified', ({ data: { notification, alert } }) => {
  if (!alert || Notification.permission !== 'granted') return;
  new Notification(notification.title, { body: notification.body, tag: `notification-${notification.id}` });
});

bell.addEventListener('click', async () => {
  news.hidden = !news.hidden;
  if (news.hidden) client.notifications.markAll();
  // Browsers ask only after a click.
  if (Notification.permission === 'default') await Notification.requestPermission();
});
