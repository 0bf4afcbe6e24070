// Starts child processes. Before the script ends, even after an error, SIGINT, SIGTERM or SIGHUP,
// it stops each child by its process ID.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

// The running children. The value for each child is a promise that resolves when the child has
// ended.
const running = new Map();
let stopping = false;
let isDone = false;

// Records that the demo has succeeded and now waits for a signal. From then on, the script exits
// with 0 on SIGINT (Ctrl-C), because that is the expected end.
export function succeed() {
  isDone = true;
}

// Starts a program. `onLine` gets each line of its stdout. When the program ends, the promise
// `died` is rejected with the end of its stderr.
export function start(name, command, args, { env = {}, onLine = () => {} } = {}) {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (chunk) => { complaints = (complaints + chunk).slice(-8000); });
  createInterface({ input: child.stdout }).on('line', onLine);
  const ended = new Promise((resolve) => {
    child.once('error', (error) => { complaints += error.message; resolve(); });
    child.once('exit', resolve);
  }).then(() => running.delete(child));
  running.set(child, ended);
  const died = ended.then(() => { throw new Error(`${name} ended:\n${complaints}`); });
  died.catch(() => {});
  return { died };
}

// Starts a Node program that prints a line of JSON when it is ready. Returns that JSON.
export async function startServer(name, script, env) {
  let ready;
  const line = new Promise((resolve) => { ready = resolve; });
  const onLine = (text) => {
    if (text.startsWith('{"ready":true')) ready(JSON.parse(text));
    else console.error(`${name}: ${text}`);
  };
  const server = start(name, process.execPath, [script], { env, onLine });
  const late = sleep(60_000, null, { ref: false })
    .then(() => { throw new Error(`${name} was not ready within a minute`); });
  return Promise.race([line, server.died, late]);
}

// Runs `main`, stops all running children, and exits with the code that `main` returned.
export async function runAndStop(main) {
  let code = 1;
  try {
    code = await main();
  } catch (error) {
    if (!stopping) console.error(`The demo could not run: ${error.message}`);
  }
  await stopAll();
  process.exit(code);
}

// Stops all running children.
export async function stopAll() {
  stopping = true;
  const ended = Promise.all(running.values());
  for (const child of running.keys()) child.kill('SIGTERM');
  await Promise.race([ended, sleep(5000, null, { ref: false })]);
  killAll();
}

function killAll() {
  for (const child of running.keys()) child.kill('SIGKILL');
}

process.once('exit', killAll);
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) {
  process.on(signal, () => {
    const exit = isDone && signal === 'SIGINT' ? 0 : code;
    if (stopping) process.exit(exit);
    stopAll().finally(() => process.exit(exit));
  });
}
