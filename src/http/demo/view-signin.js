// Signing in: number, code, and for a newcomer a name.
import { fill, h } from '/demo/dom.js';
import { field } from '/demo/parts.js';
import { icon } from '/demo/icons.js';
import { phoneNumber } from '/demo/format.js';

const NUMBERS = { 1: '+12025550101', 2: '+12025550102' };
const NAMES = { '+12025550101': 'Rosalind', '+12025550102': 'Orlando' };
const requested = new Map(); // phone → {devCode, until}: both phones may ask for the same one

export function signInView(phone) {
  const stage = h('div', { class: 'signin-stage' });
  const el = h('main', { class: 'screen signin' },
    h('div', { class: 'curtain', 'aria-hidden': 'true' }),
    h('div', { class: 'signin-card' },
      h('img', { class: 'signin-logo', src: '/demo/icon.svg', alt: '', width: 72, height: 72 }),
      h('p', { class: 'wordmark' }, 'Troupe'),
      stage));
  let timer = null;

  const problem = h('p', { class: 'problem', role: 'alert' });
  stage.addEventListener('input', () => { problem.textContent = ''; });
  const busy = async (work) => {
    problem.textContent = '';
    el.classList.add('busy');
    try {
      await work();
    } catch (error) {
      problem.textContent = error.friendly ?? String(error);
    } finally {
      el.classList.remove('busy');
    }
  };
  const step = (...content) => {
    clearInterval(timer);
    problem.textContent = '';
    fill(stage, ...content, problem);
    if (phone.wantsFocus) stage.querySelector('input')?.focus({ preventScroll: true });
  };

  function askNumber(value = '') {
    const number = field({ label: 'Your phone number', type: 'tel', name: 'tel', autocomplete: 'tel', inputmode: 'tel', placeholder: '+1 202 555 0101', value, required: true });
    const mine = NUMBERS[phone.slot];
    const picks = [mine, ...Object.values(NUMBERS).filter((n) => n !== mine)];
    step(
      h('h1', {}, 'Step on stage'),
      h('p', { class: 'lead' }, 'Sign in with a number. Any will do here; these two are ready.'),
      h('div', { class: 'picks' }, picks.map((pick) => h('button', {
        class: `chip ${pick === mine ? 'chip-strong' : ''}`, type: 'button', onclick: () => busy(() => request(pick)),
      }, phoneNumber(pick)))),
      h('p', { class: 'or', 'aria-hidden': 'true' }, h('span', {}, 'or')),
      h('form', { onsubmit: (event) => { event.preventDefault(); busy(() => request(number.control.value.trim())); } },
        number.el,
        h('button', { class: 'primary', type: 'submit' }, 'Send me a code')));
  }

  async function request(number) {
    const earlier = requested.get(number);
    if (earlier && Date.now() < earlier.until) return askCode(number, earlier);
    const answer = await phone.client.api.open('/auth/request-otp', { phone: number });
    const now = { devCode: answer.devCode ?? null, until: Date.now() + (answer.resendAfter ?? 30) * 1000 };
    requested.set(number, now);
    askCode(number, now);
  }

  function askCode(number, { devCode, until }) {
    const code = field({ label: 'Six-digit code', name: 'code', inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 6, pattern: '[0-9]{6}', placeholder: '······', class: 'input code', required: true });
    const verify = () => busy(async () => {
      await phone.client.signIn(number, code.control.value).catch((error) => {
        code.control.select();
        throw error;
      });
      requested.delete(number);
    });
    code.control.addEventListener('input', () => {
      code.control.value = code.control.value.replace(/\D/g, '');
      if (code.control.value.length === 6) verify();
    });
    const again = h('button', { class: 'link', type: 'button', onclick: () => busy(() => request(number)) });
    const count = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      again.disabled = left > 0;
      again.textContent = left > 0 ? `New code in ${left} s` : 'Send a new code';
    };
    step(
      h('h1', {}, 'Your cue'),
      h('p', { class: 'lead' }, `A code is on its way to ${phoneNumber(number)}.`),
      devCode ? h('button', {
        class: 'chip chip-hint', type: 'button', onclick: () => { code.control.value = devCode; verify(); },
      }, icon('tick'), h('span', {}, 'Code ', h('b', {}, devCode), ' – tap to fill')) : null,
      h('form', { onsubmit: (event) => { event.preventDefault(); verify(); } },
        code.el, h('button', { class: 'primary', type: 'submit' }, 'Sign in')),
      h('div', { class: 'signin-foot' }, again,
        h('button', { class: 'link', type: 'button', onclick: () => askNumber(phoneNumber(number)) }, 'Other number')));
    count();
    timer = setInterval(count, 500);
  }

  function askName() {
    const { user } = phone.client.store;
    const name = field({ label: 'Your name', name: 'name', autocomplete: 'off', maxlength: 100, required: true, value: NAMES[user.phone] ?? '' });
    step(
      h('h1', {}, 'Your name on the bill'),
      h('p', { class: 'lead' }, 'This is what the people you write to will see.'),
      h('form', {
        onsubmit: (event) => {
          event.preventDefault();
          const displayName = name.control.value.trim();
          if (!displayName) problem.textContent = 'Please write a name.';
          else busy(async () => phone.client.setUser(await phone.client.api.patch('/users/me', { displayName })));
        },
      }, name.el, h('button', { class: 'primary', type: 'submit' }, 'Take the stage')));
    if (phone.wantsFocus) name.control.select();
  }

  if (phone.client.session.signedIn) askName();
  else askNumber();
  return { el, update() {}, close: () => clearInterval(timer) };
}
