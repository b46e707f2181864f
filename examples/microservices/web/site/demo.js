// Submits jobs, and shows which task of the API took each and which worker did it.
const by = (id) => document.getElementById(id);
const answers = new Map();

async function call(path, options) {
  const response = await fetch(path, { cache: "no-store", ...options });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  const body = await response.json();
  if (body.task) {
    answers.set(body.task, (answers.get(body.task) ?? 0) + 1);
    by("api-version").textContent = body.version;
    showAnswers();
  }
  return body;
}

function cell(row, text, name) {
  const td = row.insertCell();
  td.textContent = text ?? "…";
  if (name) td.className = name;
}

function showJobs(jobs) {
  const rows = document.createDocumentFragment();
  for (const job of jobs) {
    const row = document.createElement("tr");
    row.dataset.state = job.state;
    cell(row, job.id);
    cell(row, job.text);
    cell(row, job.api, "task");
    cell(row, job.worker, "task");
    cell(row, job.words);
    rows.append(row);
  }
  by("jobs").replaceChildren(rows);
}

function showAnswers() {
  const most = Math.max(...answers.values());
  by("answered").replaceChildren(
    ...[...answers].sort().map(([task, count]) => {
      const item = document.createElement("li");
      const name = document.createElement("code");
      name.textContent = task;
      const bar = document.createElement("span");
      bar.className = "bar";
      bar.style.width = `${(count / most) * 20}rem`;
      item.append(name, bar, ` ${count}`);
      return item;
    }),
  );
}

function showError(error) {
  by("error").hidden = !error;
  by("error").textContent = error ? `${error.message}. ./gantry status says what is wrong.` : "";
}

async function refresh() {
  try {
    showJobs((await call("/api/jobs")).jobs);
    by("greeting").textContent = (await call("/api/greeting")).greeting;
    by("web-version").textContent = (await (await fetch("/version.json", { cache: "no-store" })).json()).web;
    showError(null);
  } catch (error) {
    showError(error);
  }
}

by("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await call("/api/jobs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: by("text").value }),
    });
    by("form").reset();
    await refresh();
  } catch (error) {
    showError(error);
  }
});

refresh();
setInterval(refresh, 1000);
