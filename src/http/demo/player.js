// Plays a sound in a bubble: one at a time, with its length and a place to seek.
import { fill, h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { playTime } from '/demo/format.js';
import { withFreshAddress } from '/demo/bubble-media.js';

let playing = null;

/** Whoever leaves a chat does not listen any more. */
export function stopSound() {
  playing?.pause();
  playing = null;
}

export function soundPlayer(phone, source) {
  const audio = new Audio();
  audio.preload = 'none';
  if (source.full) audio.src = source.full;
  withFreshAddress(phone.client, audio, source);
  const button = h('button', { class: 'round play', type: 'button', disabled: !source.full, onclick: toggle });
  const seek = h('input', { class: 'seek', type: 'range', min: 0, max: 1000, value: 0, step: 1, 'aria-label': 'Position', disabled: !source.full });
  const clock = h('span', { class: 'play-time' });
  const known = (source.durationMs ?? 0) / 1000;
  let seeking = false;
  let measuring = false; // a recording does not say how long it is until its end was seen

  const length = () => (known || (Number.isFinite(audio.duration) ? audio.duration : 0));

  function draw() {
    const on = !audio.paused;
    button.setAttribute('aria-label', on ? 'Pause' : 'Play');
    fill(button, icon(on ? 'pause' : 'play'));
    move();
  }

  function move() {
    if (measuring) return;
    const at = audio.currentTime;
    const all = length();
    if (!seeking) seek.value = String(all ? Math.min(1000, (at / all) * 1000) : 0);
    seek.style.setProperty('--part', `${seek.value / 10}%`);
    seek.setAttribute('aria-valuetext', `${playTime(at)} of ${playTime(all)}`);
    clock.textContent = at > 0 || !audio.paused ? playTime(at) : all ? playTime(all) : '–:––';
  }

  async function toggle() {
    if (!audio.paused) return audio.pause();
    if (playing && playing !== audio) playing.pause();
    playing = audio;
    try {
      await audio.play();
    } catch (error) {
      if (error.name !== 'AbortError') phone.toast('This sound cannot be played.', 'bad');
    }
    return undefined;
  }

  for (const name of ['play', 'pause']) audio.addEventListener(name, draw);
  audio.addEventListener('timeupdate', move);
  audio.addEventListener('ended', () => {
    audio.currentTime = 0;
    draw();
  });
  audio.addEventListener('loadedmetadata', () => {
    if (known || audio.duration !== Infinity) return move();
    measuring = true;
    audio.currentTime = 1e7;
    return undefined;
  });
  audio.addEventListener('durationchange', () => {
    if (!measuring || audio.duration === Infinity) return;
    measuring = false;
    audio.currentTime = 0;
    draw();
  });
  seek.addEventListener('input', () => {
    seeking = true;
    seek.style.setProperty('--part', `${seek.value / 10}%`);
    clock.textContent = playTime((seek.value / 1000) * length());
  });
  seek.addEventListener('change', () => {
    seeking = false;
    if (length()) audio.currentTime = (seek.value / 1000) * length();
    move();
  });
  draw();
  return h('div', { class: 'sound' }, button, h('div', { class: 'sound-line' }, seek, clock));
}
