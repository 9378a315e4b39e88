// Somebody's face on top of a screen, with a way to change it where that is mine to do.
import { choose, squared } from '/demo/files.js';
import { h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { openSheet } from '/demo/sheet.js';
import { uploadFile } from '/demo/uploads.js';
import { uuid } from '/demo/format.js';

/** `set(mediaId | null)` says what becomes of a new picture. */
export function changeableFace(phone, picture, { label, has, set }) {
  return h('button', { class: 'face-change', type: 'button', 'aria-label': label, title: label, onclick: () => menu(phone, { label, has, set }) },
    picture, h('span', { class: 'face-sign' }, icon('camera')));
}

function menu(phone, { label, has, set }) {
  openSheet(phone, {
    title: label,
    actions: [
      { label: 'Choose a picture', icon: 'image', run: () => change(phone, set, { accept: 'image/*' }) },
      { label: 'Take a picture', icon: 'camera', run: () => change(phone, set, { accept: 'image/*', capture: 'user' }) },
      has ? { label: 'Remove picture', icon: 'trash', danger: true, run: () => phone.attempt(() => set(null)) } : null,
    ].filter(Boolean),
  });
}

async function change(phone, set, how) {
  const [chosen] = await choose(how);
  if (!chosen) return;
  let file;
  try {
    file = await squared(chosen);
  } catch {
    phone.toast('This file is no picture that the browser can read.', 'bad');
    return;
  }
  await phone.attempt(async () => {
    const { mediaId } = await uploadFile(phone.client.api, { file, type: 'image' }, { key: uuid() });
    await set(mediaId);
    phone.toast('Picture changed');
  });
}
