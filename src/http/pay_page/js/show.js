// What the payer sees: a state, which the style shows whole, and a word for it, with its sign and the tab's title and icon.
const SIGNS = { confirming: 'paying', cancelled: 'waiting', back: 'waiting', no_bridge: 'failed', unconfirmed: 'offline' };
const say = (word) => {
  const text = page.getAttribute('data-say-' + word);
  if (status.textContent !== text) status.textContent = text;
  if (word !== 'paying') page.toggleAttribute('data-peek', false);
  data.word = word;
  document.title = text + data.title;
  document.getElementById('icon').href = page.querySelector('.sign.' + (SIGNS[word] || word)).dataset.icon;
};
const show = (state, word) => {
  data.state = state;
  say(word || state);
  tell(state);
};
const waits = () => data.state === 'waiting';

// What is said while it waits and nothing else is heard.
let rest = 'waiting';
const restAt = (word) => {
  rest = word;
  if (waits()) say(word);
};
