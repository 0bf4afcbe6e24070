// The script of the playground page. It displays everything as text, never as markup, because
// policies and tokens may come from strangers.
'use strict';

const byId = (id) => document.getElementById(id);
const seconds = () => Math.floor(Date.now() / 1000);
let playground;
let timer;

// Makes an element with a class and children. A string among the children becomes text, not markup.
function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

async function load() {
  const packed = Uint8Array.from(atob(byId('module').textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  await wasm_bindgen({ module_or_path: await new Response(stream).arrayBuffer() });
  playground = new wasm_bindgen.Playground();
}

// Encodes the page's state for a link. The state never includes a token.
function encoded(state) {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decoded(fragment) {
  try {
    const letters = atob(fragment.replaceAll('-', '+').replaceAll('_', '/'));
    const state = JSON.parse(new TextDecoder().decode(Uint8Array.from(letters, (letter) => letter.charCodeAt(0))));
    return typeof state.policy === 'string' ? state : null;
  } catch {
    return null;
  }
}

const chosen = () => document.querySelector('input[name=credential]:checked').value;

function choose(kind) {
  document.querySelector(`input[name=credential][value=${kind}]`).checked = true;
  for (const part of document.querySelectorAll('[data-for]')) part.hidden = part.dataset.for !== kind;
}

function credential() {
  switch (chosen()) {
    case 'claims': return { claims: { provider: byId('signer').value || null, claims: byId('claims').value } };
    case 'token': return { token: byId('token').value };
    default: return 'none';
  }
}

function question() {
  return {
    policy: byId('policy').value,
    filter: byId('filter').value || null,
    credential: credential(),
    jwks: chosen() === 'token' ? { provider: byId('fetcher').value, document: byId('jwks').value } : null,
    method: byId('method').value,
    path: byId('path').value || '/',
    headers: byId('headers').value,
    now: seconds(),
  };
}

function update() {
  clearTimeout(timer);
  let answer;
  try {
    answer = JSON.parse(playground.answer(JSON.stringify(question())));
  } catch {
    verdict('bad', 'The verifier failed', 'Reload the page. If the verifier fails again, report a bug, and describe the policy.');
    return;
  }
  fill(byId('filter'), answer.filters, answer.filter);
  byId('filter-field').hidden = answer.filters.length < 2;
  if (answer.providers.length > 0) {
    fill(byId('signer'), ['', ...answer.providers.map(({ name }) => name)], byId('signer').value, "the rule's provider");
    const fetching = answer.providers.filter((provider) => provider.fetches_keys).map(({ name }) => name);
    fill(byId('fetcher'), fetching, byId('fetcher').value);
    byId('keys').hidden = fetching.length === 0;
  }
  showVerdict(answer);
  showFindings(answer.findings);
  showReport(answer);
}

function later() {
  byId('shared').hidden = true; // the link is outdated: it contains the policy before the edit
  clearTimeout(timer);
  timer = setTimeout(update, 150);
}

function fill(select, names, value, empty) {
  const options = [...select.options].map((option) => option.value);
  if (options.join('\n') !== names.join('\n')) {
    select.replaceChildren(...names.map((name) => new Option(name || empty, name)));
  }
  if (names.includes(value)) select.value = value;
}

function verdict(kind, title, ...rest) {
  const box = byId('verdict');
  box.className = kind;
  byId('peek').className = kind;
  byId('peek').textContent = title;
  // A screen reader announces every change to the box, so the box is replaced only if its text has
  // changed.
  const text = [title, ...rest.map((part) => part.textContent ?? part)].join('\n');
  if (box.dataset.text === text) return;
  box.dataset.text = text;
  box.replaceChildren(make('p', '', make('strong', '', title)), ...rest.map((part) => make('p', '', part)));
}

function showVerdict({ problem, decision, report, rule, findings }) {
  if (problem) {
    const names = { claims: 'The claims cannot be used', headers: 'The headers cannot be used', jwks: 'The key set cannot be used', token: 'No token yet' };
    verdict(problem.input === 'token' ? '' : 'bad', names[problem.input] ?? 'The policy cannot be used', problem.message);
    return;
  }
  if (!decision) {
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    verdict('bad', 'The policy is refused', errors === 1 ? 'Correct the error below.' : `Correct the ${errors} errors below.`);
    return;
  }
  const parts = [];
  if (report?.request?.detail) parts.push(report.request.detail);
  const place = make('span', '');
  if (rule) {
    place.append('The request matches ', rule.line ? jump(`rules[${rule.index}], line ${rule.line}`, rule.line) : `rules[${rule.index}]`, '.');
  } else {
    place.append('The request matches no rule.');
  }
  parts.push(place);
  const allowed = decision.decision === 'allow';
  verdict(allowed ? 'good' : 'bad', allowed ? 'Allowed' : `Refused: ${decision.status} ${decision.reason}`, ...parts);
}

function jump(text, line, column = 1) {
  const button = make('button', 'link', text);
  button.type = 'button';
  button.addEventListener('click', () => {
    const area = byId('policy');
    const lines = area.value.split('\n');
    const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    const at = before + Math.min(column - 1, (lines[line - 1] ?? '').length);
    area.focus();
    area.setSelectionRange(at, before + (lines[line - 1] ?? '').length);
    area.scrollTop = Math.max(0, (line - 5) * parseFloat(getComputedStyle(area).lineHeight));
  });
  return button;
}

function showFindings(findings) {
  const marks = new Map();
  byId('findings').replaceChildren(...findings.map(({ severity, line, column, path, message }) => {
    if (line && marks.get(line) !== 'error') marks.set(line, severity);
    const box = make('p', `finding ${severity}`, make('b', '', severity === 'error' ? 'Error' : 'Warning'), ' ');
    if (line) box.append(jump(`line ${line}, column ${column}`, line, column), ' ');
    if (path) box.append(make('code', '', path), ' ');
    box.append(message);
    return box;
  }));
  number(marks);
}

// Shows the line numbers, and highlights the numbers of lines that have findings.
function number(marks = new Map()) {
  const count = byId('policy').value.split('\n').length;
  const lines = Array.from({ length: count }, (_, index) => make('span', marks.get(index + 1) ?? '', `${index + 1}`));
  byId('lines').replaceChildren(...lines);
  byId('lines').scrollTop = byId('policy').scrollTop;
}

function steps(checks) {
  return make('ol', '', ...checks.map(({ check, outcome, detail }) => make('li', `step ${outcome}`,
    make('span', 'mark', outcome === 'passed' ? '✓' : '✗'),
    make('span', 'name', make('span', 'hidden', outcome === 'passed' ? 'passed: ' : 'failed: '), check),
    make('span', '', detail))));
}

function pairs(entries) {
  return make('dl', '', ...entries.flatMap(([name, value]) => [make('dt', '', name), make('dd', '', value)]));
}

function members(object) {
  return pairs(Object.entries(object ?? {}).map(([name, value]) => [name, JSON.stringify(value)]));
}

// Describes what the API receives if the request is allowed, or what the client receives if the
// request is denied.
function effects(decision) {
  if (decision.decision !== 'allow') {
    const headers = decision.response_headers;
    return headers.length > 0 ? [make('h3', '', 'The client receives'), pairs(headers)] : [];
  }
  const forwarded = decision.forwarded_headers.filter(([name]) => !name.startsWith(':'));
  const parts = [make('h3', '', 'Your API receives')];
  parts.push(forwarded.length > 0 ? pairs(forwarded) : make('p', 'hint', 'No headers except those of HTTP itself.'));
  const removed = decision.removed_headers;
  if (removed.length > 0) parts.push(make('p', 'hint', `Removed: ${removed.join(', ')}`));
  return parts;
}

function showReport({ report, decision }) {
  const open = new Set([...document.querySelectorAll('#report details[open]')].map(({ id }) => id));
  const parts = [];
  if (decision) parts.push(...effects(decision));
  if (report) {
    parts.push(make('h3', '', 'Token'), steps(report.token.checks));
    const strangers = report.providers.length > 1 && !report.providers.some((provider) => provider.names_issuer);
    if (strangers) parts.push(make('p', 'hint', 'No provider has the token\'s issuer. Each provider expects:'));
    for (const provider of report.providers) {
      const end = provider.accepted ? 'accepts the token' : `refuses the token: ${provider.status} ${provider.reason}`;
      parts.push(make('h3', '', `Provider ${provider.name} ${end}`), steps(provider.checks));
    }
  }
  if (report?.token.claims) {
    const details = make('details', '', make('summary', '', 'Header and claims of the token'));
    details.id = 'contents';
    details.open = open.has('contents');
    details.append(make('h3', '', 'Header'), members(report.token.header), make('h3', '', 'Claims'), members(report.token.claims));
    parts.push(details);
  }
  byId('report').replaceChildren(...parts);
}

function start({ policy, token = '', claims = '', method = 'GET', path = '/orders' }, kind) {
  byId('policy').value = policy;
  byId('token').value = token;
  byId('claims').value = claims;
  byId('jwks').value = '';
  byId('headers').value = '';
  byId('path').value = path;
  if ([...byId('method').options].some(({ value }) => value === method)) byId('method').value = method;
  choose(kind);
  byId('shared').hidden = true;
  update();
}

const CLAIMS = '{\n  "sub": "alice",\n  "scope": "orders.read"\n}';
const example = () => start({ ...JSON.parse(wasm_bindgen.sample()), token: '', claims: CLAIMS }, 'claims');

async function share() {
  const { policy, problem } = JSON.parse(wasm_bindgen.share(byId('policy').value, byId('filter').value));
  byId('shared').hidden = false;
  byId('link').parentElement.hidden = policy === null;
  const note = byId('shared-note');
  if (policy === null) {
    byId('link').value = '';
    note.textContent = `The page cannot make a link: ${problem}.`;
    return;
  }
  // The query is removed, because it may contain a token.
  const state = { policy, method: byId('method').value, path: byId('path').value.split(/[?#]/)[0] };
  const link = new URL(location.href);
  link.hash = encoded(state);
  byId('link').value = link.href;
  byId('link').select();
  const what = 'The link contains the policy (without its secrets and comments), the method and the path. The link contains no token and no claims.';
  try {
    await navigator.clipboard.writeText(link.href);
    note.textContent = `The link was copied. ${what}`;
  } catch {
    note.textContent = what;
  }
}

async function main() {
  try {
    await load();
  } catch {
    verdict('bad', 'The verifier does not start', 'This page needs a browser with WebAssembly and DecompressionStream.');
    return;
  }
  byId('policy').disabled = false;
  const linked = decoded(location.hash.slice(1));
  if (linked) start(linked, 'claims');
  else example();
  byId('inputs').addEventListener('input', later);
  byId('inputs').addEventListener('submit', (event) => event.preventDefault());
  for (const radio of document.querySelectorAll('input[name=credential]')) radio.addEventListener('change', () => choose(chosen()));
  byId('policy').addEventListener('input', () => number());
  byId('policy').addEventListener('scroll', () => { byId('lines').scrollTop = byId('policy').scrollTop; });
  byId('example').addEventListener('click', example);
  byId('signed').addEventListener('click', () => start(JSON.parse(wasm_bindgen.sample(seconds())), 'token'));
  byId('share').addEventListener('click', share);
  window.addEventListener('hashchange', () => {
    const other = decoded(location.hash.slice(1));
    if (other) start(other, 'claims');
  });
  // While the result is out of view, a bar at the edge of the window shows the result's title.
  new IntersectionObserver(([{ isIntersecting }]) => { byId('peek').hidden = isIntersecting; }).observe(byId('verdict'));
  // A token's remaining lifetime changes, so the result is updated regularly.
  setInterval(() => { if (document.visibilityState === 'visible') update(); }, 30_000);
}

main();
