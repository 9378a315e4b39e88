// What I starred, newest star first.
import { avatar, chatName } from '/demo/avatar.js';
import { fill, h, keyed } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { listTime } from '/demo/format.js';
import { roundButton, topBar } from '/demo/parts.js';
import { star } from '/demo/message-menu.js';
import { summary, summaryIcon } from '/demo/summary.js';

export function starredView(phone) {
  const { client } = phone;
  const found = h('ul', { class: 'plain', 'aria-label': 'Starred messages' });
  const state = h('div', { class: 'empty', role: 'status' });
  const more = h('button', { class: 'link', type: 'button', hidden: true, onclick: () => load() }, 'Show more');
  const el = h('section', { class: 'screen', 'aria-label': 'Starred messages' },
    topBar(phone, 'Starred'), h('div', { class: 'scroll padded' }, found, more, state));
  const messages = [];
  let cursor = null;

  async function load() {
    if (!messages.length) fill(state, h('span', { class: 'spinner' }));
    try {
      const page = await client.api.get(`/messages/starred?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
      messages.push(...page.items);
      cursor = page.nextCursor;
      fill(state, messages.length || cursor ? null : nothing());
    } catch (problem) {
      fill(state, h('p', {}, problem.friendly), h('button', { class: 'secondary', type: 'button', onclick: () => load() }, 'Try again'));
    }
    more.hidden = !cursor;
    update();
  }

  function update() {
    keyed(found, messages.map((message) => {
      const copy = client.store.chats.get(message.chatId);
      const now = copy?.messages.get(message.id) ?? message;
      const who = now.senderId === client.me ? 'You' : client.people.name(now.senderId);
      const where = copy ? chatName(client, copy) : '';
      const gone = now.isDeleted;
      return {
        key: message.id,
        sign: JSON.stringify([who, where, now.rev, client.people.get(now.senderId).avatarUrl]),
        build: () => h('li', { class: 'starred' },
          h('button', { class: 'row', type: 'button', disabled: !copy, onclick: () => phone.showChat(copy, { seq: message.seq }) },
            avatar({ id: now.senderId, name: client.people.name(now.senderId), url: client.people.get(now.senderId).avatarUrl, size: 'small' }),
            h('span', { class: 'row-text' },
              h('span', { class: 'row-line' }, h('span', { class: 'row-title', dir: 'auto' }, where && where !== who ? `${who} · ${where}` : who), h('time', {}, listTime(now.createdAt))),
              h('span', { class: 'row-note two-lines', dir: 'auto' }, summaryIcon(now) ? icon(summaryIcon(now)) : null, ' ', summary(client, now)))),
          gone ? null : roundButton('starFull', 'Remove star', async () => {
            await star(phone, copy, { ...now, isStarred: true });
            messages.splice(messages.indexOf(message), 1);
            fill(state, messages.length ? null : nothing());
            update();
          }, { class: 'round starred-sign' })),
      };
    }));
  }
  load();
  return { el, update };
}

const nothing = () => [
  h('div', { class: 'empty-art', 'aria-hidden': 'true' }, icon('star')),
  h('h2', {}, 'No stars yet'),
  h('p', {}, 'Star a message from its menu, and it waits for you here. Nobody else sees it.'),
];
