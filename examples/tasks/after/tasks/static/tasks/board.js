import { client } from './live.js';

const list = document.getElementById('tasks');
const form = document.getElementById('new');
const tasks = new Map();

function show() {
  const open = [...tasks.values()].sort((a, b) => a.done - b.done || b.id - a.id);
  list.replaceChildren(...open.map(shown));
}

function shown(task) {
  const item = document.createElement('li');
  item.append(`${task.title} (${task.assignee ?? 'nobody'}) `);
  if (task.done) item.append('is done');
  else item.append(Object.assign(document.createElement('button'), { textContent: 'Done', onclick: () => finish(task) }));
  return item;
}

async function ask(path, data) {
  const headers = { 'X-CSRFToken': form.elements.csrfmiddlewaretoken.value, 'Content-Type': 'application/json' };
  await fetch(path, { method: 'POST', headers, body: JSON.stringify(data) });
}

async function finish(task) {
  await ask(`/api/tasks/${task.id}/finish/`, {});
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { title, assignee, due } = form.elements;
  const data = { title: title.value, assignee: assignee.value || null, due: due.value ? new Date(due.value) : null };
  form.reset(); // At once: the next one may be begun before this one is answered.
  await ask('/api/tasks/', data);
});

const { positions } = JSON.parse(document.getElementById('hubbub-start').textContent);
for (const task of JSON.parse(document.getElementById('first-tasks').textContent)) tasks.set(task.id, task);
show();

client.subscribe('tasks', {
  since: positions.tasks,
  onEvent({ type, data }) {
    if (type === 'tasks.task_deleted') tasks.delete(data.id);
    else tasks.set(data.item.id, data.item);
    show();
  },
  onReset() {
    location.reload(); // Too much was missed.
  },
});
