// Looks every two seconds while the page can be seen, and says so when the server cannot be reached.

import { Away, ask } from './api.js';
import { orders, showChats } from './chats.js';
import { openDetail, refreshDetail } from './detail.js';
import { fill, h } from './dom.js';
import { showFaults } from './faults.js';
import { showDeletions, showJobs } from './jobs.js';
import { showNodes } from './nodes.js';
import { showTotals } from './stats.js';

const EVERY = 2000;
const el = (id) => document.getElementById(id);
let by = new URLSearchParams(location.search).get('by') ?? 'rate';
let timer = null;
let looking = false;
let again = false;
let seenAt = null;

function say(state, text) {
  el('pulse').dataset.state = state;
  el('pulse').textContent = text;
}

async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  clearTimeout(timer);
  try {
    await lookOnce();
  } finally {
    looking = false;
    if (again) {
      again = false;
      look();
    } else if (!document.hidden) {
      timer = setTimeout(look, EVERY);
    }
  }
}

async function lookOnce() {
  let overview;
  try {
    overview = await ask('/admin/overview');
  } catch (error) {
    return lost(error);
  }
  seenAt = new Date();
  el('lost').hidden = true;
  document.body.classList.remove('stale');
  if (!document.hidden) say('live', 'Live');
  showTotals(el('totals'), overview);
  showNodes(el('nodes'), overview);
  const now = overview.now;
  await Promise.all([
    part('chats', `/admin/chats?by=${by}&limit=20`, (chats) => showChats(el('chats'), chats, now, (id) => openDetail('actor', id))),
    part('jobs', '/admin/jobs', (jobs) => showJobs(el('jobs'), jobs, now, look)),
    part('deletions', '/admin/deletions', (deletions) => showDeletions(el('deletions'), deletions, now)),
    overview.hasFaults ? part('faults', '/admin/faults', (faults) => showFaults(el('faults'), faults, look)) : null,
    refreshDetail(),
  ]);
  el('faults-card').hidden = !overview.hasFaults;
}

/** One part of the page; what it is asked may be away while the rest is there. */
async function part(id, path, show) {
  try {
    const answer = await ask(path);
    keepFocus(el(id), () => show(answer));
  } catch (error) {
    if (!(error instanceof Away)) fill(el(id), h('p', { class: 'problem' }, `Not answered: ${error.message}`));
  }
}

/** What is drawn anew keeps the focus where it was. */
function keepFocus(container, draw) {
  const name = container.contains(document.activeElement) ? document.activeElement.getAttribute('aria-label') : null;
  draw();
  if (!name || container.contains(document.activeElement)) return;
  [...container.querySelectorAll('[aria-label]')].find((one) => one.getAttribute('aria-label') === name)?.focus();
}

function lost(error) {
  say('lost', 'Away');
  document.body.classList.add('stale');
  el('lost').hidden = false;
  const since = seenAt ? ` What you see is from ${seenAt.toLocaleTimeString()}.` : '';
  el('lost').textContent = `The server is not there: ${error.message}. Trying again every two seconds.${since}`;
}

function choose(order) {
  by = order;
  orders(el('orders'), by, choose);
  look();
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    clearTimeout(timer);
    say('paused', 'Paused');
  } else {
    look();
  }
});

el('look').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = event.target.elements.id;
  const id = field.value.trim();
  if (!id) return field.focus();
  openDetail(event.submitter?.value || 'sessions', id);
});

orders(el('orders'), by, choose);
look();
