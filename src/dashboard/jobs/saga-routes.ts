import { mayAct } from '../access/dashboard-user.ts'
import type { SagaStatus, SagaStepRecord } from '../../runtime/coordination/sagas/saga-state.ts'
import type { DashboardSaga } from '../dashboard-services.ts'
import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import type { Route } from '../http/route.ts'
import { plural } from '../html/format.ts'
import { hiddenValue, shownValue } from '../html/hidden-value.ts'
import { html, nothing, type Html } from '../html/html.ts'
import {
  actButton,
  badge,
  emptyState,
  findForm,
  formFields,
  pathTo,
  section,
  table,
  type Tone,
} from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { redactPII } from '../../services/logging/redaction/redact-pii.ts'
import { findSaga } from './find-queue.ts'

const MOST_STUCK = 100

const STATUS: Readonly<Record<SagaStatus, Tone>> = {
  running: 'busy',
  compensating: 'warn',
  completed: 'good',
  compensated: 'idle',
  stuck: 'bad',
}

const STEP: Readonly<Record<SagaStepRecord['state'], Tone>> = {
  pending: 'idle',
  started: 'busy',
  done: 'good',
  failed: 'bad',
  undoing: 'warn',
  undone: 'idle',
  skipped: 'warn',
}

/** Sagas: those that wait for a person first. */
export function sagaRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/sagas', role: 'reader', handle: sagasPage },
    { method: 'GET', path: '/sagas/:saga/find', role: 'reader', handle: findRun },
    { method: 'GET', path: '/sagas/:saga/:id', role: 'reader', handle: (call) => sagaPage(call) },
    {
      ...{ method: 'POST', path: '/sagas/:saga/:id/retry', role: 'operator', act: 'sagas.retry' },
      target: sagaTarget,
      done: () => 'The saga goes on from the step at which it was stuck.',
      async handle(call) {
        await findSaga(call).retry(call.param('id'))
        return { to: placeOf(call) }
      },
    },
    {
      ...{ method: 'POST', path: '/sagas/:saga/:id/skip', role: 'operator', act: 'sagas.skip' },
      target: sagaTarget,
      ask(call) {
        const reason = call.field('reason').trim()
        if (reason.length < 1 || reason.length > 500)
          throw new RangeError('Cannot skip the step: a reason of 1 to 500 characters is needed')
        return {
          title: 'Go on without this step?',
          body: html`<p>
              The saga goes on as if the step had been done. That is right only if somebody has done
              what it should do, or nobody needs it. The reason stays with the saga:
            </p>
            <blockquote>${shownText(reason, 500)}</blockquote>`,
          ...{ button: 'Skip the step', destructive: true },
        }
      },
      done: () => 'The step is skipped, and the saga goes on.',
      async handle(call) {
        await findSaga(call).skip(call.param('id'), call.field('reason').trim())
        return { to: placeOf(call) }
      },
    },
    {
      ...{ method: 'POST', path: '/sagas/:saga/:id/reveal', role: 'operator' },
      ...{ act: 'sagas.reveal', target: sagaTarget },
      handle: (call) => sagaPage(call, true),
    },
  ]
}

function sagaTarget(call: Call): string {
  return `saga/${call.param('saga')}/${call.param('id')}`
}

function placeOf(call: Call): string {
  return pathTo({ ...call.view, basePath: '' }, 'sagas', call.param('saga'), call.param('id'))
}

async function sagasPage(call: Call): Promise<Page> {
  const { sagas = [] } = call.services
  const stuck = await Promise.all(
    sagas.map(async (saga) => ({ saga, runs: await saga.listStuck({ limit: MOST_STUCK }) })),
  )
  const rows = stuck.flatMap(({ saga, runs }) =>
    runs.map((run) => [
      html`<a href="${pathTo(call.view, 'sagas', saga.name, run.id)}" class="mono"
          >${shownText(run.id, 80)}</a
        ><span class="sub">${shownText(saga.name)}</span>`,
      run.stuck.during === 'running' ? 'going forward' : 'undoing',
      failure(run.stuck.error),
    ]),
  )
  return {
    ...{ title: 'Sagas', section: 'sagas' },
    body: html`${sagas.map((saga) =>
      findForm(pathTo(call.view, 'sagas', saga.name, 'find'), {
        ...{ name: 'id', longest: 400, placeholder: 'Id of a run' },
        label: html`Run of ${shownText(saga.name)}`,
      }),
    )}
    ${section(
      'Stuck: waiting for a person',
      call.live(
        'stuck',
        table({
          caption: 'Stuck sagas',
          columns: [{ name: 'Run' }, { name: 'While' }, { name: 'Why', wide: true }],
          rows,
          empty: emptyState({
            title: 'No saga is stuck',
            text: 'A saga comes here when a step behind its point of no return, or an undoing, has used up its attempts. Then somebody has to look.',
            code: `const id = await saga.start({ order: 42 })\nawait saga.inspect(id)`,
          }),
        }),
      ),
    )}`,
  }
}

async function findRun(call: Call): Promise<Response | Page> {
  const saga = findSaga(call)
  const id = call.query('id').trim()
  const found = id === '' ? null : await saga.inspect(id).catch(() => null)
  if (found === null) throw new MissingPageError('There is no run of this id.')
  return new Response(null, {
    status: 303,
    headers: { location: pathTo(call.view, 'sagas', saga.name, id) },
  })
}

async function sagaPage(call: Call, isShown = false): Promise<Page> {
  const saga: DashboardSaga = findSaga(call)
  const id = call.param('id')
  const run = await saga.inspect(id).catch(() => null)
  if (run === null) throw new MissingPageError('There is no run of this id.')
  const here = pathTo(call.view, 'sagas', saga.name, id)
  const isOperator = mayAct(call.user.role, 'operator')
  const stuckAt = run.stuck?.step ?? null
  return {
    ...{ title: shownText(saga.name), section: 'sagas' },
    body: html`<p class="crumbs">
        <a href="${pathTo(call.view, 'sagas')}">Sagas</a>
        <span class="mono">${shownText(id, 120)}</span>
      </p>
      ${call.live(
        'run',
        html`<p>
            ${badge(STATUS[run.status], run.status)}
            <span class="hint">${plural(run.steps.length, 'step')}, definition ${run.version}</span>
          </p>
          ${run.cause === null ? nothing : html`<p class="advice">It is undone because ${shownText(run.cause.step)} failed: ${failure(run.cause.error)}</p>`}
          ${section(
            'Steps',
            html`<ol class="steps">
              ${run.steps.map(
                (step, index) =>
                  html`<li class="${index === stuckAt ? 'bad' : STEP[step.state]}">
                    <div class="step-head">
                      <h3>${shownText(step.name, 80)}</h3>
                      <span
                        >${badge(index === stuckAt ? 'bad' : STEP[step.state], index === stuckAt ? 'stuck here' : step.state)}</span
                      >
                    </div>
                    <p class="hint">
                      ${plural(step.attempts, 'attempt')}${step.undoAttempts > 0 ? `, ${plural(step.undoAttempts, 'attempt')} to undo` : ''}${step.pivot ? ', after it there is no way back' : ''}${step.undoable ? '' : ', cannot be undone'}
                    </p>
                    ${step.error === null ? nothing : html`<p class="problem">${failure(step.error)}</p>`}
                    ${step.skipped === null ? nothing : html`<p class="advice">Skipped: ${shownText(step.skipped, 500)}</p>`}
                    ${isShown && step.result !== null ? shownValue(step.result, `Result of ${step.name}`) : nothing}
                  </li>`,
              )}
            </ol>`,
          )}`,
      )}
      ${run.status === 'stuck' && isOperator ? mending(call, here) : nothing}
      ${section(
        'Input and results',
        isShown ? shownValue(run.input, 'Input') : hiddenValue(run.input),
        isOperator && !isShown
          ? html`${actButton(call, { path: `${here}/reveal`, label: 'Show input and results' })}<span
                class="hint"
                >This goes on record.</span
              >`
          : null,
      )}`,
  }
}

function mending(call: Call, here: string): Html {
  return section(
    'Mend it',
    html`<div class="card">
      <p>
        Try the step again once its cause is gone, or go on without it when somebody has dealt with
        it by hand.
      </p>
      ${actButton(call, { path: `${here}/retry`, label: 'Try the step again', tone: 'primary' })}
      <form method="post" action="${here}/skip" class="filters">
        ${formFields(call)}
        <label class="field whole"
          ><span>Why it may be skipped</span><input name="reason" maxlength="500" required
        /></label>
        <button class="button danger">Skip the step</button>
      </form>
    </div>`,
  )
}

function failure(error: {
  readonly name: string
  readonly code: string | null
  readonly message: string
}): string {
  const { name, code, message } = error
  return shownText(
    redactPII(
      [name, code, message]
        .filter((part) => part !== null && part !== '')
        .join(': ')
        .slice(0, 2000),
    ),
    500,
  )
}
