/** Prints what the API answers, in the form that all clients print it. */

import {
  Check,
  Code,
  ConnectionState,
  DatastoredError,
  FindingReason,
  Outcome,
  Role,
  Verdict,
  type CheckResult,
  type ConnectionTestReport,
  type Datastore,
  type TestEvent,
} from "datastored-client";

const ENDED = [Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED, Verdict.INCONCLUSIVE];

/** The name of a check in the proto. */
export const checkName = (check: Check) => `CHECK_${Check[check]}`;

/** Prints a datastore in a line. */
export function printDatastore({ name, displayName, role, config, enrichmentDatastore, connection }: Datastore): void {
  const state = ConnectionState[connection?.state ?? ConnectionState.UNSPECIFIED];
  const uri = config.case === "s3" ? config.value.uri : "";
  console.log([name, displayName, `ROLE_${Role[role]}`, uri, enrichmentDatastore || "-", `CONNECTION_STATE_${state}`].join(" | "));
}

function printCheck({ check, action, verdict, finding, skippedBecauseOf }: CheckResult): void {
  const reason = finding ? ` FINDING_REASON_${FindingReason[finding.reason]}` : "";
  const because = skippedBecauseOf ? ` because of ${checkName(skippedBecauseOf)}` : "";
  console.log(`  ${checkName(check)} ${action} VERDICT_${Verdict[verdict]}${reason}${because}`);
}

/** Prints the test that the events tell of. */
export async function printTest(events: AsyncIterable<TestEvent>): Promise<ConnectionTestReport> {
  const endings: string[] = [];
  for await (const { case: kind, value } of events) {
    if (kind === "started") {
      console.log(`started ROLE_${Role[value.role]} ${value.uri}: ${value.checks.length} checks`);
    } else if (kind === "completed") {
      console.log(["ended", ...endings].join(" "));
      printReport(value);
      return value;
    } else if (value.check && ENDED.includes(value.check.verdict)) {
      endings.push(`${value.done}/${value.total}`);
    }
  }
  throw new Error("the test did not complete");
}

function printReport({ outcome, checks, missingActions, residue }: ConnectionTestReport): void {
  console.log(`completed OUTCOME_${Outcome[outcome]}`);
  checks.forEach(printCheck);
  missingActions.forEach((action) => console.log(`  missing ${action}`));
  console.log(`  residue ${residue.length}`);
}

/** Prints what is kept of a test that was cancelled while it was in the named check. */
export function printKept({ outcome, checks, residue }: ConnectionTestReport, held: string): void {
  console.log(`kept OUTCOME_${Outcome[outcome]}`);
  checks.filter(({ check }) => checkName(check) === held).forEach(printCheck);
  console.log(`  residue ${residue.length}`);
}

/** Prints the error that a call fails with. */
export async function printError(call: Promise<unknown>): Promise<void> {
  const error = await failure(call);
  console.log(`error ${Code[error.code]} ${error.reason ?? "-"}`);
  console.log(`  message: ${error.message}`);
  for (const [key, value] of Object.entries(error.metadata).sort()) {
    console.log(`  ${key} = ${value}`);
  }
  error.fieldViolations.forEach(({ field, description }) => console.log(`  violation ${field}: ${description}`));
  error.preconditionViolations.forEach(({ type, subject, description }) => console.log(`  precondition ${type} ${subject}: ${description}`));
  if (error.retryDelayMs !== undefined) {
    console.log(`  retry after ${error.retryDelayMs} ms`);
  }
}

/** The error that a call fails with. */
export async function failure(call: Promise<unknown>): Promise<DatastoredError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof DatastoredError) {
      return error;
    }
    throw error;
  }
  throw new Error("the call should have failed");
}
