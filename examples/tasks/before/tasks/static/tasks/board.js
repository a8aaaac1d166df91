const list = document.getElementById('tasks');
const form = document.getElementById('new');
const tasks = new Map();

function show() {
  list.replaceChildren(
    ...[...tasks.values()].map((task) => {
      const item = document.createElement('li');
      item.textContent = `${task.title} (${task.assignee ?? 'nobody'})${task.done ? ', done' : ''}`;
      return item;
    }),
  );
}

async function ask(path, data) {
  const headers = { 'X-CSRFToken': form.elements.csrfmiddlewaretoken.value, 'Content-Type': 'application/json' };
  const answer = await fetch(path, data && { method: 'POST', headers, body: JSON.stringify(data) });
  return answer.json();
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { title, assignee } = form.elements;
  const task = await ask('/api/tasks/', { title: title.value, assignee: assignee.value || null });
  tasks.set(task.id, task);
  show();
  form.reset();
});

for (const task of await ask('/api/tasks/')) tasks.set(task.id, task);
show();
