/** Plays clients/scenario.json and prints the transcript, which is the same for all clients. */

import { readFileSync } from "node:fs";
import { steps, type Step } from "./steps.js";

const scenario: { steps: Step[] } = JSON.parse(readFileSync(process.env["SCENARIO"]!, "utf8"));

for (const step of scenario.steps) {
  console.log(`## ${step.step}`);
  await steps[step.step]!(step);
}
