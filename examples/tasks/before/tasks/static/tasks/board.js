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
  const answer = await fetch(path, data && { method: 'POST', headers, body: JSON.stringify(data) });
  return answer.json();
}

function keep(task) {
  tasks.set(task.id, task);
  show();
}

async function finish(task) {
  keep(await ask(`/api/tasks/${task.id}/finish/`, {}));
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { title, assignee, due } = form.elements;
  const data = { title: title.value, assignee: assignee.value || null, due: due.value ? new Date(due.value) : null };
  form.reset(); // At once: the next one may be begun before this one is answered.
  keep(await ask('/api/tasks/', data));
});

for (const task of await ask('/api/tasks/')) tasks.set(task.id, task);
show();
