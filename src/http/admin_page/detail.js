// One thing looked at closely, over the page: a chat's actor, someone's sockets, a message's story.

import { Away, ask } from './api.js';
import { fill, h } from './dom.js';
import { count, moment, ms, rate, short } from './format.js';

const dialog = document.getElementById('detail');
const title = document.getElementById('detail-title');
const body = document.getElementById('detail-body');
let shown = null;

document.getElementById('detail-close').addEventListener('click', () => dialog.close());
dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener('close', () => { shown = null; });

const KINDS = {
  actor: { name: 'Chat', path: (id) => `/admin/chats/${id}/actor`, view: actor },
  sessions: { name: 'User', path: (id) => `/admin/sessions/${id}`, view: sessions },
  trace: { name: 'Message', path: (id) => `/admin/messages/${id}/trace`, view: trace },
};

export async function openDetail(kind, id) {
  shown = { kind, id };
  fill(title, `${KINDS[kind].name} `, h('code', {}, id));
  fill(body, h('p', { class: 'faint' }, 'Looking…'));
  if (!dialog.open) dialog.showModal();
  await refreshDetail();
}

/** Looks again at what is open. */
export async function refreshDetail() {
  if (!shown || !dialog.open) return;
  const { kind, id } = shown;
  let content;
  try {
    content = KINDS[kind].view(await ask(KINDS[kind].path(encodeURIComponent(id))));
  } catch (error) {
    if (error instanceof Away && body.childElementCount > 1) return;
    content = h('p', { class: 'problem' }, error.status === 404 ? `There is no ${KINDS[kind].name.toLowerCase()} with this id.` : `It was not answered: ${error.message}`);
  }
  if (shown?.kind === kind && shown.id === id) fill(body, content);
}

function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value ?? '–'))));
}

function actor(chat) {
  const { actor: it, stored } = chat;
  const spread = ({ lowestSeq, highestSeq, behind }) => `${count(lowestSeq)} to ${count(highestSeq)}, ${count(behind)} behind`;
  return [
    facts([['Type', chat.type], ['Owner', h('span', { title: chat.node }, short(chat.node))], ['Actor', it ? it.state : 'none: nobody uses it now'], ['Created', moment(chat.createdAt)]]),
    it ? [h('h3', {}, 'Actor'), facts([
      ['Messages a second', rate(it.ratePerSecond)], ['In mailbox', count(it.mailbox)], ['Queued', count(it.queued)],
      ['In flight', count(it.inFlight)], ['Working for', ms(it.workingMs)], ['Mailbox wait', ms(it.mailboxWaitMs)],
      ['Sent', `${count(it.sends)} in ${it.batches === 1 ? '1 batch' : `${count(it.batches)} batches`}`],
      ['Last batch', it.lastBatch ? `${count(it.lastBatch.messages)} in ${ms(it.lastBatch.ms)}` : null],
      ['Head seq', it.headSeq], ['Head rev', it.headRev], ['Announced', it.announcedSeq],
      ['Members', `${count(it.members)}, ${count(it.online)} online`], ['Typing', count(it.typing)],
      ['Receipts waiting', `${count(it.receiptsWaiting)}${it.receiptsStoring ? ', storing' : ''}`],
      ['Loaded', moment(it.loadedAt)], ['Roster read', moment(it.rosterReadAt)], ['Last active', moment(it.lastActiveAt)]])] : null,
    h('h3', {}, 'In the stores'), facts([
      ['Head seq', stored.headSeq], ['Head rev', stored.headRev], ['Members', `${count(stored.members)}, ${count(stored.pastMembers)} past`],
      ['Delivered', spread(stored.watermarks.delivered)], ['Read', spread(stored.watermarks.read)]]),
  ];
}

function sessions(user) {
  const lines = user.connections.map((one) => h('li', { class: 'entry' },
    h('b', { title: one.connectionId }, short(one.connectionId)), h('span', {}, one.platform ?? 'unknown platform'),
    h('span', { class: `chip ${one.isForeground ? 'fine' : ''}` }, one.isForeground ? 'foreground' : 'background'),
    one.isClosing ? h('span', { class: 'chip warned' }, 'closing') : null,
    h('span', { class: 'faint' }, `node ${short(one.node)} · since ${moment(one.since)} · ${count(one.queueBytes)} bytes wait in ${count(one.queueFrames)} frames`
      + ` · stalled ${ms(one.stalledMs)} · heard ${moment(one.heardAt)} · pong ${moment(one.pongAt)} · ${count(one.cursors)} heads to say`)));
  return [
    facts([['Online', user.online ? 'yes' : 'no'], ['Last seen', moment(user.lastSeen)], ['Signed in', user.storedSessions === 1 ? 'once' : `${count(user.storedSessions)} times`]]),
    user.unanswered.map((node) => h('p', { class: 'problem' }, `${node.address} did not answer: ${node.problem}`)),
    h('h3', {}, 'Sockets'), lines.length ? h('ul', { class: 'entries' }, lines) : h('p', { class: 'empty' }, 'None open.'),
    h('h3', {}, 'Sign-ins'), h('ul', { class: 'entries' }, user.sessions.map((one) => h('li', { class: 'entry' },
      h('b', { title: one.id }, short(one.id)), h('span', {}, one.platform ?? 'unknown platform'),
      h('span', { class: 'faint' }, `since ${moment(one.createdAt)} · used ${moment(one.lastUsedAt)} · ${count(one.connections)} sockets`)))),
  ];
}

const EVENTS = { waiting: 'event waits', published: 'event published', forgotten: 'event published long ago' };

function trace(message) {
  return [
    facts([['Chat', h('button', { type: 'button', class: 'link', title: message.chatId, onclick: () => openDetail('actor', message.chatId) }, short(message.chatId))],
      ['Sender', h('button', { type: 'button', class: 'link', title: message.senderId, onclick: () => openDetail('sessions', message.senderId) }, short(message.senderId))],
      ['Type', message.type], ['Seq', message.seq], ['Rev', message.rev === message.lastRev ? message.rev : `${message.rev}, last changed at ${message.lastRev}`],
      ['Created', moment(message.createdAt)], ['Expires', moment(message.expiresAt)], ['Deleted', message.isDeleted ? 'yes' : 'no'], ['Trace', message.traceId ?? 'not sampled']]),
    h('h3', {}, 'In the log'), h('ul', { class: 'entries' }, message.entries.map((entry) => h('li', { class: 'entry' },
      h('b', {}, entry.change.replace('_', ' ')), h('span', {}, `rev ${entry.rev}`),
      h('span', { class: `chip ${entry.event === 'waiting' ? 'warned' : 'fine'}` }, EVENTS[entry.event]),
      h('span', { class: 'faint' }, `${moment(entry.at)}${entry.publishedAt ? ` · published ${moment(entry.publishedAt)}` : ''}`)))),
    h('h3', {}, 'Recipients'), message.recipients.length === 0 ? h('p', { class: 'empty' }, 'Nobody else may see it.') : null,
    h('ul', { class: 'entries' }, message.recipients.map((one) => h('li', { class: 'entry' },
      h('button', { type: 'button', class: 'link', title: one.userId, onclick: () => openDetail('sessions', one.userId) }, short(one.userId)),
      one.readAt ? h('span', { class: 'chip fine' }, 'read') : one.deliveredAt ? h('span', { class: 'chip fine' }, 'delivered') : h('span', { class: 'chip' }, 'sent'),
      one.pushed ? h('span', { class: 'chip' }, one.cleared ? 'pushed, cleared' : 'pushed') : null,
      h('span', { class: 'faint' }, `delivered ${moment(one.deliveredAt)} · read ${moment(one.readAt)}`)))),
  ];
}
