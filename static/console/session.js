// Who is signed in: in memory, and in sessionStorage, so that a reload of this tab keeps it. 30 minutes without a key or a click end it.

const KEY = "bai-console";
const IDLE = 30 * 60 * 1000;
const LOOK_EVERY = 5000;
const NOTE_EVERY = 1000;

let session = stored();
let ask;
let asking;

function stored() {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY));
    return found && !isIdle(found) ? found : null;
  } catch {
    return null;
  }
}

function isIdle({ activeAt }) {
  return Date.now() - activeAt > IDLE;
}

function keep(changed) {
  session = changed;
  if (session) sessionStorage.setItem(KEY, JSON.stringify(session));
  else sessionStorage.removeItem(KEY);
}

/** `{token, id, email}` of the superuser, or null. */
export function current() {
  return session;
}

/** Begins a session with what the server answered to a login. */
export function begin({ token, record }) {
  keep({ token, id: record.id, email: record.email, activeAt: Date.now() });
}

export function end() {
  keep(null);
}

/** Asks the superuser to sign in again: what is on the page stays as it is. Whoever else asks meanwhile waits for the same answer. */
export function renew() {
  end();
  asking ??= ask().finally(() => (asking = undefined));
  return asking;
}

function noteActivity() {
  if (session && !isIdle(session) && Date.now() - session.activeAt > NOTE_EVERY) keep({ ...session, activeAt: Date.now() });
}

function endIfIdle() {
  const isOver = session && !stored();
  if (isOver) renew();
}

/** Watches over the session; `askToSignIn` resolves once somebody has signed in. */
export function watch(askToSignIn) {
  ask = askToSignIn;
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, noteActivity, { passive: true });
  document.addEventListener("visibilitychange", endIfIdle);
  setInterval(endIfIdle, LOOK_EVERY);
}
