import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '../run-program.ts'
import { bundlePackage } from './bundle-package.ts'
import { RUNTIMES } from './check-imports.ts'

/** Uses what the package loads only when it is first used. */
const USE = `
import { JobQueue, scheduleJob } from '@white-cross/reuse/infrastructure/background-jobs'
import { MetricsService } from '@white-cross/reuse/infrastructure/logging'
import { createPayments } from '@white-cross/reuse/infrastructure/payments'
import { sandbox } from '@white-cross/reuse/infrastructure/payments/sandbox'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
export async function use() {
  const queue = new JobQueue({ name: 'late', backend: memory(), jobs: { work: { run() {} } } })
  await scheduleJob(queue, { name: 'work', cron: '0 2 * * *', data: null, options: { timezone: 'Europe/Berlin' } })
  const [schedule] = await queue.schedules.list()
  if (!(schedule?.nextRunAt > Date.now())) throw new Error('The schedule was to have a next run')
  const metrics = new MetricsService({ backend: memory() })
  metrics.counter('late_total', { help: 'Late' }).inc(3)
  await metrics.flush()
  if (!(await metrics.expose()).body.includes('late_total 3')) throw new Error('3 were to be counted')
  const payments = createPayments({ backend: memory(), providers: { sandbox: sandbox() } })
  const { id } = await payments.createPaymentIntent({
    operationId: 'late',
    amount: { amount: '1.00', currency: 'EUR' },
  })
  const { state } = await payments.cancelPayment(id, { operationId: 'late-cancel' })
  if (state !== 'canceled') throw new Error('The payment was to be canceled')
}
`

/**
 * Runs what the package installed in `folder` loads late: from its files on every runtime, from one file in a bare Worker, and from
 * several files on Node.
 *
 * @returns What is wrong
 */
export async function checkLateCode(root: string, folder: string): Promise<string[]> {
  writeFileSync(join(folder, 'late.js'), `${USE}\nawait use()`)
  const [worker] = await bundlePackage(folder, `${USE}\nexport default { test: use }`)
  writeFileSync(join(folder, 'late-worker.js'), worker?.text ?? '')
  mkdirSync(join(folder, 'split'))
  const split = await bundlePackage(folder, `${USE}\nawait use()`, true)
  for (const { name, text } of split) writeFileSync(join(folder, 'split', name), text)
  const programs = {
    ...Object.fromEntries(
      Object.entries(RUNTIMES).map(([runtime, command]) => [runtime, [...command, 'late.js']]),
    ),
    'workerd, from one file,': ['node', join(root, 'tools/run-workerd.ts'), 'late-worker.js'],
    'node, from several files,': ['node', join('split', split[0]?.name ?? '')],
  }
  const results = await Promise.all(
    Object.entries(programs).map(async ([where, [command = '', ...args]]) => {
      const { code, output } = await runProgram(command, args, { cwd: folder })
      return code === 0 ? [] : [`${where} cannot load what is loaded late: ${output}`]
    }),
  )
  return [
    ...(split.some(({ late }) => late) ? [] : ['a bundle in several files loads all at once']),
    ...results.flat(),
  ]
}
