// Tells all stories, one after the other.
import { launch } from './browser.mjs';
import * as demo from './demo.mjs';
import * as buying from './buying.mjs';
import * as ends from './ends.mjs';
import * as frontEnds from './front_ends.mjs';
import * as refunds from './refunds.mjs';
import * as accessibility from './accessibility.mjs';
import * as pictures from './pictures.mjs';

const browser = await launch();
let failed = 0;
for (const [name, story] of [demo, buying, ends, frontEnds, refunds, accessibility, pictures].flatMap((stories) => Object.entries(stories))) {
  const begun = Date.now();
  try {
    await story(browser);
    console.log(`ok      ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.error(`FAILED  ${name}\n${error.stack}`);
  }
  for (const context of browser.contexts()) await context.close();
}
await browser.close();
if (failed) process.exit(1);
console.log('pages: ok');
