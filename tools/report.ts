/**
 * Ends a check: prints what is wrong, one line each, and fails the process, or prints one line that says what was looked at.
 *
 * @param looked What a passing check has seen, as "12 doors"
 */
export function report(check: string, problems: readonly string[], looked: string): void {
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
  console.log(
    `${check}: ${problems.length > 0 ? `${problems.length} problems` : `${looked}, no problem`}`,
  )
}
