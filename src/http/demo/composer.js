// Where a message is written: text, reply, edit, typing signals.
import { chatName } from '/demo/avatar.js';
import { fill, h } from '/demo/dom.js';
import { look } from '/demo/files.js';
import { openAttach, review } from '/demo/attach.js';
import { roundButton } from '/demo/parts.js';
import { summary } from '/demo/summary.js';
import { unblock } from '/demo/view-info.js';
import { voiceRecorder } from '/demo/voice.js';

const TYPING_EVERY_MS = 3000;

export function composer(phone, copy, { sent }) {
  const { client } = phone;
  const text = h('textarea', {
    class: 'input', rows: 1, dir: 'auto', placeholder: 'Message', 'aria-label': `Message to ${chatName(client, copy)}`,
    enterkeyhint: 'send', maxlength: client.limits.textChars,
  });
  const button = roundButton('send', 'Send', () => submit(), { class: 'round send' });
  const speak = roundButton('audio', 'Record a voice note', () => voice.start(), { class: 'round send' });
  const attach = roundButton('clip', 'Attach', () => openAttach(phone, copy, hooks), { class: 'round attach' });
  const voice = voiceRecorder(phone, {
    shown(on) {
      for (const part of [text, button, speak, attach]) part.classList.toggle('aside', on);
      if (!on) (speak.hidden ? text : speak).focus({ preventScroll: true });
    },
    async done(file, durationMs) {
      const local = { ...await look(file, 'audio'), durationMs };
      client.uploads.add(copy.id, { file, type: 'audio', local, replyToId: hooks.replyTo() });
      hooks.taken();
    },
  });
  const hooks = {
    replyTo: () => (target?.kind === 'reply' ? target.message.id : null),
    taken: () => {
      if (target?.kind === 'reply') aim(null);
      sent();
    },
  };
  const about = h('div', { class: 'about', hidden: true });
  const form = h('div', { class: 'write' }, attach, text, voice.el, button, speak);
  const notice = h('div', { class: 'notice', hidden: true });
  const el = h('footer', { class: 'composer' }, about, form, notice);
  let target = null; // {kind: 'reply' | 'edit', message}
  let typedAt = 0;
  let closed = '';

  const grow = () => {
    text.style.height = 'auto';
    text.style.height = `${Math.min(text.scrollHeight, 132)}px`;
    const empty = text.value.trim() === '';
    button.disabled = empty;
    button.hidden = empty && target?.kind !== 'edit';
    speak.hidden = !button.hidden;
  };

  const typing = (on) => {
    if (!on && !typedAt) return;
    if (on && Date.now() - typedAt < TYPING_EVERY_MS) return;
    typedAt = on ? Date.now() : 0;
    client.socket.send({ type: on ? 'typing.start' : 'typing.stop', chatId: copy.id });
  };

  function aim(next) {
    if (target?.kind === 'edit' && next?.kind !== 'edit') text.value = copy.draft;
    if (next?.kind === 'edit') {
      if (target?.kind !== 'edit') copy.draft = text.value;
      text.value = next.message.payload.content;
    }
    target = next;
    about.hidden = !target;
    if (target) {
      const { message, kind } = target;
      const who = message.senderId === client.me ? 'yourself' : client.people.name(message.senderId);
      fill(about, h('div', { class: 'quote' },
        h('b', {}, kind === 'edit' ? 'Editing' : `Replying to ${who}`), h('span', { dir: 'auto' }, summary(client, message))),
      roundButton('close', kind === 'edit' ? 'Stop editing' : 'Do not reply', () => aim(null)));
      text.focus();
    }
    grow();
  }

  function submit() {
    const content = text.value.trim();
    if (!content) return;
    typing(false);
    const aimed = target;
    if (aimed?.kind === 'edit') return change(aimed.message, content);
    client.outbox.add(copy.id, content, aimed?.message.id);
    text.value = '';
    copy.draft = '';
    aim(null);
    sent();
    text.focus({ preventScroll: true });
  }

  async function change(message, content) {
    if (content === message.payload.content) return aim(null);
    const changed = await phone.attempt(() => client.api.patch(`/messages/${message.id}`, { content }));
    if (!changed) return;
    copy.put(changed, client.me);
    aim(null);
    phone.changed();
  }

  text.addEventListener('input', () => {
    grow();
    if (target?.kind !== 'edit') copy.draft = text.value;
    if (text.value.trim()) typing(true);
    else typing(false);
  });
  text.addEventListener('paste', (event) => {
    const files = [...event.clipboardData?.files ?? []];
    if (!files.length || event.clipboardData.getData('text/plain')) return; // words copied from a document bring their picture along
    event.preventDefault();
    review(phone, copy, files, hooks);
  });
  text.addEventListener('blur', () => typing(false));
  text.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });

  function update() {
    const reason = whyClosed(client, copy);
    if (reason === closed) return;
    closed = reason;
    form.hidden = Boolean(reason);
    notice.hidden = !reason;
    const blocked = copy.meta.peerId && client.store.blocked.has(copy.meta.peerId);
    fill(notice, reason, blocked ? h('button', { class: 'link', type: 'button', onclick: () => unblock(phone, copy.meta.peerId) }, 'Unblock') : null);
  }

  text.value = copy.draft;
  queueMicrotask(grow);
  return {
    el,
    update,
    close: () => {
      voice.cancel();
      typing(false);
    },
    /** Files dropped or pasted here. */
    take: (files) => { if (!closed) review(phone, copy, files, hooks); },
    focus: () => text.focus({ preventScroll: true }),
    reply: (message) => aim({ kind: 'reply', message }),
    edit: (message) => aim({ kind: 'edit', message }),
    /** Escape lets go of a reply or an edit first; false when there was none. */
    escape: () => {
      if (voice.recording) return voice.cancel(), true;
      return Boolean(target) && (aim(null), true);
    },
  };
}

function whyClosed(client, copy) {
  if (copy.left) return 'You are no longer in this group.';
  if (copy.meta.peerId && client.store.blocked.has(copy.meta.peerId)) return 'You blocked this person.';
  if (copy.isGroup && copy.meta.adminOnly && copy.meta.myRole && copy.meta.myRole !== 'admin') return 'Only admins can write here.';
  return '';
}
