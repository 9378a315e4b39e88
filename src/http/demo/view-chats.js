// The chat list.
import { avatar, chatAvatar, chatName } from '/demo/avatar.js';
import { fill, h, keyed } from '/demo/dom.js';
import { icon, tick } from '/demo/icons.js';
import { connectionBanner, roundButton } from '/demo/parts.js';
import { listTime } from '/demo/format.js';
import { summary, summaryIcon } from '/demo/summary.js';
import { newChatView, startWith } from '/demo/view-new-chat.js';
import { searchView } from '/demo/view-search.js';
import { settingsView } from '/demo/view-settings.js';
import { waitingIn } from '/demo/waiting.js';

export function chatsView(phone) {
  const { client } = phone;
  const banner = connectionBanner(phone);
  const mine = h('button', { class: 'round me', type: 'button', 'aria-label': 'Profile and settings', title: 'Profile and settings', onclick: () => phone.open(settingsView) });
  const rows = h('ul', { class: 'chats', 'aria-label': 'Chats' });
  const empty = h('div', { class: 'empty' });
  const find = h('button', { class: 'find-open', type: 'button', hidden: true, onclick: () => phone.open(searchView) }, icon('search'), h('span', {}, 'Search'));
  const el = h('section', { class: 'screen chat-list', 'aria-label': 'Chats' },
    h('header', { class: 'bar bar-home' },
      h('h1', { class: 'wordmark' }, 'Troupe'),
      roundButton('plus', 'New chat', () => phone.open(newChatView), { class: 'round round-strong' }),
      mine),
    banner.el,
    find,
    h('div', { class: 'scroll' }, rows, empty));
  let face = '';
  let invited = '';

  function update() {
    banner.update();
    const { user } = client.store;
    if (face !== `${user?.displayName}${user?.avatarUrl}`) {
      face = `${user?.displayName}${user?.avatarUrl}`;
      fill(mine, avatar({ id: user?.id, name: user?.displayName, url: user?.avatarUrl, size: 'small' }));
    }
    const chats = client.store.ordered();
    find.hidden = !chats.length;
    keyed(rows, chats.map((copy) => chatRow(phone, copy)));
    const neighbour = phone.neighbour();
    const state = chats.length ? '' : client.state === 'ready' || client.state === 'flight' ? `empty${neighbour?.phone}${neighbour?.displayName}` : 'waiting';
    if (state === invited) return;
    invited = state;
    const focused = empty.contains(document.activeElement);
    fill(empty, state.startsWith('empty') ? invitation(phone, neighbour) : null);
    if (focused) empty.querySelector('button')?.focus({ preventScroll: true });
  }
  return { el, update };
}

function invitation(phone, neighbour) {
  return [
    h('div', { class: 'empty-art', 'aria-hidden': 'true' }, icon('chat')),
    h('h2', {}, 'The stage is yours'),
    h('p', {}, neighbour
      ? `${neighbour.displayName || 'The other phone'} is signed in right beside you.`
      : 'Sign in on the other phone too, or find somebody by phone number.'),
    neighbour ? h('button', { class: 'primary', type: 'button', onclick: () => startWith(phone, neighbour.phone) },
      `Say hello to ${neighbour.displayName || 'the other phone'}`) : null,
    h('button', { class: neighbour ? 'secondary' : 'primary', type: 'button', onclick: () => phone.open(newChatView) }, 'Find by number'),
  ];
}

function chatRow(phone, copy) {
  const { client } = phone;
  const name = chatName(client, copy);
  const line = lastLine(client, copy);
  const open = phone.openChat === copy.id;
  const online = client.people.presence.get(copy.meta.peerId)?.online;
  const { isMuted, isPinned, avatarUrl } = copy.meta;
  const sign = JSON.stringify([name, line, copy.unread, open, online, isMuted, isPinned, avatarUrl, copy.left]);
  const build = () => h('li', {}, h('button', {
    class: `row chat-row ${copy.unread ? 'has-unread' : ''}`, type: 'button', 'data-chat': copy.id,
    'aria-current': open ? 'true' : null, onclick: () => phone.showChat(copy),
  },
  chatAvatar(client, copy),
  h('span', { class: 'row-text' },
    h('span', { class: 'row-line' },
      h('span', { class: 'row-title', dir: 'auto' }, name),
      h('time', {}, line.at ? listTime(line.at) : '')),
    h('span', { class: 'row-line' },
      h('span', { class: `row-note ${line.kind ?? ''}` },
        line.tick ? tick(line.tick) : null,
        line.who ? h('span', { class: 'who', dir: 'auto' }, `${line.who}: `) : null,
        line.icon ? icon(line.icon) : null,
        h('span', { class: 'words', dir: 'auto' }, line.text)),
      h('span', { class: 'signs' },
        isMuted ? icon('bellOff', { label: 'Muted' }) : null,
        isPinned ? icon('pin', { label: 'Pinned' }) : null,
        copy.unread ? h('span', { class: 'badge', 'aria-label': `${copy.unread} unread` }, copy.unread > 998 ? '999+' : String(copy.unread)) : null)))));
  return { key: copy.id, sign, build };
}

function lastLine(client, copy) {
  const typing = [...copy.typing.keys()];
  const waiting = waitingIn(client, copy.id).at(-1);
  const message = copy.last(client.store.now) ?? copy.meta.lastMessage;
  const at = waiting?.createdAt ?? message?.createdAt ?? copy.meta.createdAt;
  if (typing.length) return { text: copy.isGroup ? `${client.people.name(typing[0])} is typing…` : 'typing…', kind: 'typing', at };
  if (waiting) return { text: summary(client, waiting), icon: summaryIcon(waiting), tick: waiting.failed ? 'failed' : 'waiting', at };
  if (!message) return { text: copy.isGroup ? 'Group created' : 'No messages yet', kind: 'faint', at };
  const own = message.senderId === client.me && message.type !== 'system';
  return {
    at,
    text: summary(client, message),
    icon: summaryIcon(message),
    kind: message.type === 'system' || message.isDeleted ? 'faint' : '',
    tick: own && !message.isDeleted ? copy.tickOf(message, client.me) : null,
    who: copy.isGroup && !own && message.type !== 'system' ? client.people.name(message.senderId) : null,
  };
}
