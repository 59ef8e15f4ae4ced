// What the page's scripts share.
const zh = document.documentElement.lang.startsWith('zh');
export const say = (chinese, english) => (zh ? chinese : english);
export const colon = say('：', ': ');
export const $ = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export const yuan = (fen) => `${Math.floor(fen / 100).toLocaleString('en')}.${String(fen % 100).padStart(2, '0')}`;
export const clock = (at) => at.slice(11, 19);

/** A control call; a refusal is thrown with the simulator's word for it. */
export async function call(path, method = 'GET', body = undefined) {
  const response = await fetch(path, { method, body: body && JSON.stringify(body) });
  const json = await response.json();
  if (!response.ok) throw Object.assign(new Error(json.error), { refused: true });
  return json;
}

const shown = {};

/** Runs `draw` when what it draws has changed, so that focus and screen readers are left alone. */
export function whenChanged(name, what, draw) {
  const text = JSON.stringify(what);
  if (shown[name] === text) return;
  shown[name] = text;
  draw();
}
