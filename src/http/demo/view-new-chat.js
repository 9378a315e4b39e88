// Starting a chat: with a contact, by phone number, or as a group.
import { avatar } from '/demo/avatar.js';
import { fill, h, keyed } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { checkRow, field, row, topBar } from '/demo/parts.js';
import { list, phoneNumber } from '/demo/format.js';
import { newGroupView } from '/demo/view-new-group.js';

/** Finds one number and opens the chat with whoever is behind it. */
export function startWith(phone, number) {
  return phone.attempt(async () => {
    const [found] = await phone.client.people.find([number]);
    if (!found) return phone.toast(`Nobody here uses ${phoneNumber(number)} yet.`);
    await openDirect(phone, found.userId);
  });
}

/** Opens the direct chat with someone, making it if there is none. */
export async function openDirect(phone, userId) {
  const had = phone.client.store.directWith(userId);
  phone.showChat(had ?? await phone.client.openChat({ type: 'direct', userId }));
}

export function newChatView(phone) {
  const { client } = phone;
  const number = field({
    label: 'Phone numbers', type: 'tel', inputmode: 'tel', name: 'phones', autocomplete: 'off', placeholder: '+1 202 555 0102',
    hint: 'One opens the chat, several with commas between become contacts.',
  });
  const told = h('p', { class: 'told', role: 'status' });
  const beside = h('div', {});
  const contacts = h('ul', { class: 'plain', 'aria-label': 'Contacts' });
  const none = h('p', { class: 'hint' }, 'Numbers you look up are kept here.');

  const look = (event) => {
    event.preventDefault();
    const phones = number.control.value.split(/[,;\n]+/).map((part) => part.trim()).filter(Boolean);
    if (!phones.length) return number.control.focus();
    phone.attempt(async () => {
      const found = await client.people.find(phones);
      if (phones.length === 1 && found.length === 1) return openDirect(phone, found[0].userId);
      number.control.value = '';
      const names = found.map((c) => c.displayName || phoneNumber(c.phone));
      told.textContent = found.length ? `Found ${list(names)}.` : phones.length > 1
        ? 'Nobody here uses these numbers yet.' : `Nobody here uses ${phones[0]} yet.`;
    });
  };
  const el = h('section', { class: 'screen', 'aria-label': 'New chat' },
    topBar(phone, 'New chat'),
    h('div', { class: 'scroll padded' },
      h('form', { class: 'card find', onsubmit: look }, number.el, h('button', { class: 'primary', type: 'submit' }, 'Find'), told),
      beside,
      row({ lead: h('span', { class: 'avatar accent' }, icon('people')), title: 'New group', note: 'Bring several people together', onclick: () => phone.open(newGroupView) }),
      h('h2', { class: 'list-head' }, 'Contacts'), contacts, none));

  let shown = null;
  function update() {
    const neighbour = phone.neighbour();
    const known = client.people.contacts.some((c) => c.phone && c.phone === neighbour?.phone);
    const next = neighbour && !known ? `${neighbour.phone}${neighbour.displayName}` : '';
    if (shown !== next) {
      shown = next;
      fill(beside, next ? row({
        lead: avatar({ id: neighbour.id, name: neighbour.displayName }),
        title: neighbour.displayName || phoneNumber(neighbour.phone), note: 'on the other phone',
        onclick: () => startWith(phone, neighbour.phone),
      }) : null);
    }
    none.hidden = client.people.contacts.length > 0;
    keyed(contacts, client.people.contacts.map((contact) => contactRow(client, contact, {
      onclick: () => phone.attempt(() => openDirect(phone, contact.userId)),
    })));
  }
  client.people.loadContacts().catch(() => {});
  return { el, update };
}

/** A contact as a row of a keyed list; `on` makes it one to pick. */
export function contactRow(client, contact, { onclick, on }) {
  const online = client.people.presence.get(contact.userId)?.online;
  const name = contact.displayName || phoneNumber(contact.phone) || 'Someone';
  return {
    key: contact.userId,
    sign: JSON.stringify([name, contact.phone, contact.avatarUrl, online, on]),
    build: () => h('li', {}, (on === undefined ? row : checkRow)({
      lead: avatar({ id: contact.userId, name, url: contact.avatarUrl, online }),
      title: name, note: phoneNumber(contact.phone), onclick, on,
    })),
  };
}
