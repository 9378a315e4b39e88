// Recording a voice note: a bar in place of the composer while the microphone is on.
import { h } from '/demo/dom.js';
import { playTime } from '/demo/format.js';
import { roundButton } from '/demo/parts.js';
import { withDuration } from '/demo/webm.js';

const FORMATS = [['audio/webm;codecs=opus', 'webm'], ['audio/mp4', 'm4a'], ['audio/ogg;codecs=opus', 'ogg']];
const LONGEST_MS = 10 * 60_000;
const SHORTEST_MS = 500;

const REFUSED = {
  NotAllowedError: 'The microphone was refused. Allow it for this page to record.',
  NotFoundError: 'No microphone was found.',
  NotReadableError: 'The microphone is in use elsewhere.',
};

/** `done(file, durationMs)` gets what was recorded; `shown(on)` says whether the bar is to be seen. */
export function voiceRecorder(phone, { done, shown }) {
  const clock = h('span', { class: 'record-time', role: 'timer' }, '0:00');
  const level = h('span', { class: 'record-level', 'aria-hidden': 'true' }, h('i'));
  const el = h('div', { class: 'record', role: 'group', 'aria-label': 'Recording', hidden: true },
    roundButton('trash', 'Discard the recording', () => stop(false)),
    h('span', { class: 'record-dot', 'aria-hidden': 'true' }), clock, level,
    roundButton('send', 'Send the recording', () => stop(true), { class: 'round send' }));
  let running = null;
  let starting = false;

  async function start() {
    if (running || starting) return;
    const format = globalThis.MediaRecorder && FORMATS.find(([type]) => MediaRecorder.isTypeSupported(type));
    if (!navigator.mediaDevices?.getUserMedia || !format) {
      phone.toast(isSecureContext ? 'This browser cannot record sound.' : 'Recording needs a secure page: https, or this computer itself.', 'bad');
      return;
    }
    starting = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      begin(stream, format);
    } catch (error) {
      phone.toast(REFUSED[error.name] ?? 'The microphone could not be used.', 'bad');
    } finally {
      starting = false;
    }
  }

  function begin(stream, [type, ending]) {
    const recorder = new MediaRecorder(stream, { mimeType: type });
    const pieces = [];
    recorder.ondataavailable = ({ data }) => { if (data.size) pieces.push(data); };
    recorder.onstop = () => {
      const { keep, began, ended } = current;
      const lasted = ended - began;
      if (!keep) return;
      if (lasted < SHORTEST_MS) phone.toast('That was too short to hear.');
      else withDuration(new File(pieces, `Voice note.${ending}`, { type: type.split(';')[0] }), lasted).then((file) => done(file, lasted));
    };
    const current = { recorder, stream, began: performance.now(), keep: false, meter: meter(stream) };
    running = current;
    recorder.start(1000);
    el.hidden = false;
    shown(true);
    el.querySelector('.send').focus({ preventScroll: true });
    current.timer = setInterval(tick, 100);
  }

  function tick() {
    const lasted = performance.now() - running.began;
    clock.textContent = playTime(lasted / 1000);
    level.firstChild.style.transform = `scaleX(${running.meter.loudness().toFixed(3)})`;
    if (lasted > LONGEST_MS) stop(true);
  }

  function stop(keep) {
    if (!running) return;
    const ended = running;
    running = null;
    Object.assign(ended, { keep, ended: performance.now() });
    clearInterval(ended.timer);
    ended.meter.close();
    ended.recorder.stop();
    for (const track of ended.stream.getTracks()) track.stop();
    clock.textContent = '0:00';
    el.hidden = true;
    shown(false);
  }

  return { el, start, cancel: () => stop(false), get recording() { return Boolean(running); } };
}

/** How loud it is now, from 0 to 1. */
function meter(stream) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const heard = new Uint8Array(analyser.fftSize);
  context.createMediaStreamSource(stream).connect(analyser);
  return {
    loudness() {
      analyser.getByteTimeDomainData(heard);
      return Math.min(1, Math.max(...heard.map((value) => Math.abs(value - 128))) / 90);
    },
    close: () => context.close().catch(() => {}),
  };
}
