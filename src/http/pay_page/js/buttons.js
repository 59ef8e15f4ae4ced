const copy = async (button) => {
  const address = location.origin + location.pathname;
  try {
    await navigator.clipboard.writeText(address);
  } catch (error) {
    // An older browser, or a page without TLS.
    const field = document.createElement('input');
    field.value = address;
    button.after(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  }
  button.textContent = data.sayCopied;
};
const give_up = (link, event) => {
  if (!framed) return;
  // The site around closes its frame.
  event.preventDefault();
  post('cancel');
};
const peek = () => page.toggleAttribute('data-peek', true);
const does = {
  copy, give_up, go, pay, peek, stay,
  confirm: (link, event) => { event.preventDefault(); confirm(); },
  print: () => { stay(); window.print(); },
};
page.addEventListener('click', (event) => {
  const what = event.target.closest('[data-do]');
  if (what) does[what.dataset.do](what, event);
});
