// A new group, or more people for one that exists.
import { h, keyed } from '/demo/dom.js';
import { list } from '/demo/format.js';
import { icon } from '/demo/icons.js';
import { field, topBar } from '/demo/parts.js';
import { contactRow } from '/demo/view-new-chat.js';

export function newGroupView(phone) {
  const { client } = phone;
  const name = field({ label: 'Group name', maxlength: 100, name: 'group', autocomplete: 'off', placeholder: 'Opening night' });
  return picker(phone, {
    title: 'New group',
    head: [name.el],
    submit: (count) => (count ? `Create with ${count}` : 'Pick at least one'),
    skip: () => false,
    async done(participantIds) {
      if (!name.control.value.trim()) return name.control.focus();
      const copy = await client.openChat({ type: 'group', name: name.control.value.trim(), participantIds });
      phone.showChat(copy);
    },
  });
}

export function addMembersView(phone, copy) {
  const inside = () => new Set((copy.members ?? []).map((member) => member.userId));
  return picker(phone, {
    title: 'Add people',
    submit: (count) => (count ? `Add ${count}` : 'Pick at least one'),
    skip: (id) => inside().has(id),
    async done(userIds) {
      await phone.client.api.post(`/chats/${copy.id}/participants`, { userIds });
      await phone.client.loadMembers(copy);
      phone.back();
    },
  });
}

function picker(phone, { title, head = [], submit, skip, done }) {
  const { client } = phone;
  const picked = new Set();
  const button = h('button', { class: 'primary', type: 'submit' });
  const people = h('ul', { class: 'plain', 'aria-label': 'Contacts' });
  const none = h('p', { class: 'hint' }, 'No contacts to pick from yet. Look up a number under “New chat” first.');
  /** Whoever does not let me add them is told by name. */
  const named = (problem) => {
    const who = [...picked].filter((id) => problem.errors?.some((e) => e.message.includes(id)));
    if (who.length) problem.message = `${list(who.map((id) => client.people.name(id)))} cannot be added by you`;
    throw problem;
  };
  const form = h('form', {
    class: 'screen', 'aria-label': title,
    onsubmit: (event) => {
      event.preventDefault();
      if (picked.size) phone.attempt(() => done([...picked]).catch(named));
    },
  }, topBar(phone, title), h('div', { class: 'scroll padded' }, head, people, none), h('div', { class: 'foot' }, button));

  function update() {
    const offered = client.people.contacts.filter((contact) => !skip(contact.userId));
    button.textContent = submit(picked.size);
    button.disabled = picked.size === 0;
    none.hidden = offered.length > 0;
    keyed(people, offered.map((contact) => {
      const on = picked.has(contact.userId);
      const made = contactRow(client, contact, {
        sign: on,
        trail: () => h('span', { class: `check ${on ? 'on' : ''}` }, on ? icon('tick') : null),
        onclick: () => {
          if (on) picked.delete(contact.userId);
          else picked.add(contact.userId);
          update();
        },
      });
      const { build } = made;
      made.build = () => {
        const item = build();
        const button = item.querySelector('.row');
        button.setAttribute('role', 'checkbox');
        button.setAttribute('aria-checked', String(on));
        return item;
      };
      return made;
    }));
  }
  client.people.loadContacts().catch(() => {});
  return { el: form, update };
}
