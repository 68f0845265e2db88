// How a program speaks with the test that started it: it was given settings, asks for a page to be opened, says a result.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";

export const settings = JSON.parse(process.argv[2]);

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// The person opens this address, does what the pages ask, and ends at the one that is returned.
export const open = async (url) => {
  say({ open: url.toString() });
  return new URL((await answers.next()).value);
};

export const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// Runs the feature that the settings name.
export const run = async (features) => {
  assert(settings.feature in features, `no feature ${settings.feature}`);
  const result = await features[settings.feature]();
  say({ result: result ?? "done" });
  process.exit();
};
