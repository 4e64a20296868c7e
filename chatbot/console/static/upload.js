"use strict";
// Files that are dropped or chosen are sent at once, with their progress. Without this script the
// form works by its button.

const DROPPED = "folder"; // the field whose files come with their path

async function filesOf(entry) {
  if (entry.isFile) {
    const file = await new Promise((found, failed) => entry.file(found, failed));
    return [{ file, path: entry.fullPath.slice(1) }];
  }
  const reader = entry.createReader();
  const found = [];
  // A reader gives some at a time, and in the end none.
  for (;;) {
    const some = await new Promise((next, failed) => reader.readEntries(next, failed));
    if (!some.length) return found;
    for (const each of some) found.push(...(await filesOf(each)));
  }
}

// What a drop holds, as the field it belongs to and its files. Entries must be taken before the
// first wait: afterwards the browser has emptied the drop.
async function readDrop(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) {
    return { field: "file", found: [...transfer.files].map((file) => ({ file, path: file.name })) };
  }
  const found = (await Promise.all(entries.map(filesOf))).flat();
  return { field: entries.some((each) => each.isDirectory) ? DROPPED : "file", found };
}

function readable(form, field, found) {
  if (found.length === 1 && field === "file") return found;
  const endings = form.dataset.reads.split(" ");
  return found.filter(({ path }) => endings.includes(path.split(".").pop().toLowerCase()));
}

function send(form, field, all) {
  const found = readable(form, field, all);
  if (!found.length) {
    toast("Nothing in there is of a kind that can be read.", "mistake");
    return;
  }
  const size = found.reduce((sum, { file }) => sum + file.size, 0);
  const most = Number(form.dataset.most);
  if (size > most) {
    toast(`That is more than ${most / 1e6} MB. Send it in parts, or take chatbot import.`, "mistake");
    return;
  }
  if (!size) {
    toast(found.length > 1 ? "These files are empty." : "This file is empty.", "mistake");
    return;
  }
  const body = new FormData();
  for (const { file, path } of found) body.append(field, file, path);
  const request = new XMLHttpRequest();
  request.upload.onprogress = (event) => showSent(form, event.loaded / (event.total || size));
  request.onload = () => follow(form, request);
  request.onerror = () => {
    showForm(form);
    toast("It could not be sent. Nothing was changed.", "mistake");
  };
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true"); // an error comes as a sentence, not as a page
  request.send(body);
  showSent(form, 0);
}

function follow(form, request) {
  const elsewhere = request.getResponseHeader("HX-Redirect");
  if (elsewhere) {
    location.assign(elsewhere);
  } else if (request.status < 400) {
    location.assign(request.responseURL);
  } else {
    showForm(form);
    toast(request.responseText || "That did not work.", "mistake");
  }
}

function showSent(form, share) {
  form.querySelector("[data-sending]").hidden = false;
  form.querySelector("[data-drop]").hidden = true;
  form.querySelector("[data-sending] progress").value = share;
  form.querySelector("[data-sent]").textContent = share < 1 ? "Sending …" : "Reading …";
}

function showForm(form) {
  form.querySelector("[data-sending]").hidden = true;
  form.querySelector("[data-drop]").hidden = false;
  form.querySelectorAll("input[type=file]").forEach((input) => {
    input.value = "";
  });
}

for (const form of document.querySelectorAll("[data-upload]")) {
  const area = form.querySelector("[data-drop]");
  form.addEventListener("change", (event) => {
    const input = event.target;
    if (input.type !== "file" || !input.files.length) return;
    const found = [...input.files].map((file) => ({
      file,
      path: file.webkitRelativePath || file.name,
    }));
    send(form, input.name, found);
  });
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    area.classList.add("over");
  });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", async (event) => {
    event.preventDefault();
    area.classList.remove("over");
    const { field, found } = await readDrop(event.dataTransfer);
    send(form, field, found);
  });
}
