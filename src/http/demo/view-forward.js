// Where a message is to be forwarded to.
import { chatAvatar, chatName } from '/demo/avatar.js';
import { checkRow, topBar } from '/demo/parts.js';
import { h, keyed } from '/demo/dom.js';
import { people, phoneNumber, uuid } from '/demo/format.js';
import { summary } from '/demo/summary.js';

const MOST_CHATS = 20;

export function forwardView(phone, message) {
  const { client } = phone;
  const key = uuid(); // the same for every try, so that a lost answer does not send it twice
  const picked = new Set();
  const button = h('button', { class: 'primary', type: 'submit' });
  const chats = h('ul', { class: 'plain', 'aria-label': 'Chats' });
  const el = h('form', { class: 'screen', 'aria-label': 'Forward', onsubmit: send },
    topBar(phone, 'Forward to…'),
    h('p', { class: 'quoted forwarding', dir: 'auto' }, summary(client, message).slice(0, 160)),
    h('div', { class: 'scroll padded' }, chats),
    h('div', { class: 'foot' }, button));
  let sending = false;

  async function send(event) {
    event.preventDefault();
    if (!picked.size || sending) return;
    sending = true;
    const chatIds = [...picked];
    const done = await phone.attempt(() => client.api.post(`/messages/${message.id}/forward`, { chatIds }, { 'Idempotency-Key': key }));
    sending = false;
    if (!done) return;
    if (chatIds.length === 1) phone.showChat(client.store.chats.get(chatIds[0]));
    else phone.back();
    phone.toast(chatIds.length === 1 ? 'Forwarded' : `Forwarded to ${chatIds.length} chats`);
  }

  function update() {
    button.textContent = picked.size ? `Forward to ${picked.size}` : 'Pick at least one chat';
    button.disabled = picked.size === 0;
    keyed(chats, client.store.ordered().filter((copy) => mayWrite(client, copy)).map((copy) => {
      const on = picked.has(copy.id);
      const name = chatName(client, copy);
      return {
        key: copy.id,
        sign: JSON.stringify([name, copy.meta.avatarUrl, on]),
        build: () => h('li', {}, checkRow({
          lead: chatAvatar(client, copy, 'small'), title: name, on,
          note: copy.isGroup ? people(copy.meta.participantCount) : phoneNumber(client.people.get(copy.meta.peerId).phone),
          onclick: () => {
            if (on) picked.delete(copy.id);
            else if (picked.size < MOST_CHATS) picked.add(copy.id);
            else phone.toast(`At most ${MOST_CHATS} chats at once.`);
            update();
          },
        })),
      };
    }));
  }
  return { el, update };
}

function mayWrite(client, copy) {
  if (copy.left) return false;
  if (copy.isGroup) return !copy.meta.adminOnly || copy.meta.myRole === 'admin';
  return !client.store.blocked.has(copy.meta.peerId);
}
