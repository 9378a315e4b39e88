// The page: which phones are on it, and who stands beside whom.
import { Phone } from '/demo/phone.js';
import { Session } from '/demo/session.js';

const asked = new URLSearchParams(location.search).get('phone');
const single = asked === '1' || asked === '2' ? Number(asked) : null;
const narrow = matchMedia('(max-width: 819px)');
const phones = new Map();

document.documentElement.dataset.layout = single ? 'single' : 'pair';
for (const slot of [1, 2]) document.getElementById(`phone-${slot}`).hidden = single !== null && single !== slot;

/** Who is signed in on the other phone, on this page or in another tab. */
function neighbourOf(slot) {
  const other = slot === 1 ? 2 : 1;
  const session = phones.get(other)?.client.session ?? new Session(other);
  const user = session.signedIn ? session.user : null;
  const own = phones.get(slot)?.client.session.user;
  return user?.phone && user.phone !== own?.phone ? user : null;
}

/** A phone that is not to be seen is not started; once started it stays on. */
function startVisible() {
  const slots = single ? [single] : narrow.matches ? [1] : [1, 2];
  for (const slot of slots) {
    if (phones.has(slot)) continue;
    const root = document.querySelector(`#phone-${slot} .phone`);
    phones.set(slot, new Phone(root, slot, {
      neighbour: () => neighbourOf(slot),
      alone: () => single !== null || narrow.matches,
    }));
  }
}

/** A change on one phone may concern what the other offers: who can be greeted there. */
let present = '';
setInterval(() => {
  const now = JSON.stringify([neighbourOf(1), neighbourOf(2)]);
  if (now !== present) phones.forEach((phone) => phone.changed());
  present = now;
  const unread = [...phones.values()].flatMap((phone) => [...phone.client.store.chats.values()])
    .reduce((sum, copy) => sum + (copy.meta.isMuted ? 0 : copy.unread), 0);
  document.title = unread ? `(${unread}) Troupe` : 'Troupe';
}, 1000);

// A file that misses a chat would take the place of the page.
for (const name of ['dragover', 'drop']) {
  addEventListener(name, (event) => { if (event.dataTransfer?.types.includes('Files')) event.preventDefault(); });
}

narrow.addEventListener('change', startVisible);
startVisible();
