// Tells all stories, one after the other; or those whose names hold the word that is given.
import { launch } from './browser.mjs';
import { Service } from './service.mjs';
import * as demo from './demo.mjs';
import * as buying from './buying.mjs';
import * as ends from './ends.mjs';
import * as checkout from './checkout.mjs';
import * as frames from './frames.mjs';
import * as ways from './ways.mjs';
import * as frontEnds from './front_ends.mjs';
import * as refunds from './refunds.mjs';
import * as accessibility from './accessibility.mjs';
import * as consoleEntry from './console_entry.mjs';
import * as consolePages from './console.mjs';
import * as pictures from './pictures.mjs';

const browser = await launch();
let failed = 0;
const all = [demo, buying, ends, checkout, frames, ways, frontEnds, refunds, accessibility, consoleEntry, consolePages, pictures].flatMap((stories) => Object.entries(stories));
for (const [name, story] of all) {
  if (process.argv[2] && !name.includes(process.argv[2])) continue;
  const begun = Date.now();
  try {
    await story(browser);
    console.log(`ok      ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.error(`FAILED  ${name}\n${error.stack}`);
  }
  for (const context of browser.contexts()) await context.close();
  // Services that a failed story left running.
  for (const service of Service.running) await service.stop();
}
await browser.close();
if (failed) process.exit(1);
console.log('pages: ok');
