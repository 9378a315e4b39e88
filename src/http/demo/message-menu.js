// What can be done with one message.
import { confirmSheet, openSheet } from '/demo/sheet.js';
import { forwardView } from '/demo/view-forward.js';
import { messageInfo } from '/demo/message-info.js';
import { reactionBar } from '/demo/reactions.js';
import { summary } from '/demo/summary.js';

const EDIT_MS = 15 * 60_000;
const DELETE_MS = 48 * 3_600_000;

export function openMessageMenu(phone, copy, view, message) {
  const { client } = phone;
  const own = message.senderId === client.me;
  const age = client.store.now - Date.parse(message.createdAt);
  const live = !message.isDeleted;
  const text = message.payload?.content ?? message.payload?.caption;
  const actions = [];
  const offer = (when, label, sign, run, danger = false) => { if (when) actions.push({ label, icon: sign, run, danger }); };
  offer(live && !copy.left, 'Reply', 'reply', () => view.reply(message));
  offer(live, 'Forward', 'forward', () => phone.open(forwardView, message));
  offer(live, message.isStarred ? 'Remove star' : 'Star', 'star', () => star(phone, copy, message));
  offer(live && text, 'Copy text', 'copy', () => copyText(phone, text));
  offer(live && own && message.type === 'text' && age < EDIT_MS && !copy.left, 'Edit', 'edit', () => view.edit(message));
  offer(live && own, 'Message info', 'info', () => messageInfo(phone, copy, message));
  offer(true, 'Delete for me', 'trash', () => remove(phone, copy, message, 'me'), true);
  const mayForAll = !copy.left && live && ((own && age < DELETE_MS) || (copy.isGroup && copy.meta.myRole === 'admin'));
  offer(mayForAll, 'Delete for everyone', 'trash', () => confirmSheet(phone, {
    title: 'Delete for everyone?', text: summary(client, message).slice(0, 120), label: 'Delete for everyone',
    run: () => remove(phone, copy, message, 'everyone'),
  }), true);
  openSheet(phone, { title: 'Message', body: live && !copy.left ? [reactionBar(phone, copy, message)] : [], actions });
}

/** A message that is not on the server yet. */
export function openWaitingMenu(phone, message) {
  const { outbox, uploads } = phone.client;
  const { item, failed } = message;
  const actions = [];
  if (failed) actions.push({ label: 'Try again', icon: 'retry', run: () => (item ? uploads.retry(item) : outbox.retry(message.clientMessageId)) });
  if (message.payload?.content) actions.push({ label: 'Copy text', icon: 'copy', run: () => copyText(phone, message.payload.content) });
  // While an attempt is open its outcome is unknown: only a refused one, one kept back offline, or a file can be taken back.
  if (item) actions.push({ label: failed ? 'Discard' : 'Stop', icon: 'trash', danger: true, run: () => uploads.cancel(item) });
  else if (failed || phone.client.state === 'flight') {
    actions.push({ label: 'Discard', icon: 'trash', danger: true, run: () => outbox.remove(message.clientMessageId) });
  }
  openSheet(phone, { title: failed ? 'Not sent' : 'Waiting to be sent', actions });
}

/** Sets or takes my star; other devices hear of it by my own log. */
export function star(phone, copy, message) {
  const on = !message.isStarred;
  return phone.attempt(async () => {
    const path = `/messages/${message.id}/star`;
    await (on ? phone.client.api.put(path) : phone.client.api.delete(path));
    const kept = copy?.messages.get(message.id);
    if (kept) kept.isStarred = on;
    phone.toast(on ? 'Starred' : 'Star removed');
    phone.changed();
  });
}

async function copyText(phone, text) {
  try {
    await navigator.clipboard.writeText(text);
    phone.toast('Copied');
  } catch {
    phone.toast('This browser does not let the page copy.');
  }
}

function remove(phone, copy, message, scope) {
  return phone.attempt(async () => {
    await phone.client.api.delete(`/messages/${message.id}?scope=${scope}`);
    if (scope === 'me') copy.drop(message.id);
    phone.changed();
  });
}
