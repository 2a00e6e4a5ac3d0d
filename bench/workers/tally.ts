/** What a Worker of the benchmark is asked to add. */
export interface Order {
  readonly count: number
  readonly payload: unknown
}

/** How often the jobs wait between two looks at the count. */
const LOOK_MS = 2

let addedAt = 0
let startedAt = 0
let left = 0

/** The work of every job, on every side: it says that it ran. */
export function work(): void {
  if (startedAt === 0) startedAt = Date.now()
  left--
}

/**
 * Answers `POST` by adding jobs, and `GET` when all of them have run, with how many milliseconds nothing happened between the
 * last add and the first job.
 *
 * @param add Resolves when the jobs are durable
 * @param settled Whether nothing is left to write for the jobs that ran
 */
export async function answer(
  request: Request,
  add: (order: Order) => Promise<unknown>,
  settled: () => Promise<boolean> = async () => true,
): Promise<Response> {
  if (request.method === 'POST') {
    // The benchmark sends this form.
    const order = (await request.json()) as Order
    left = order.count
    startedAt = 0
    await add(order)
    addedAt = Date.now()
    return new Response()
  }
  while (left > 0 || !(await settled()))
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  if (left < 0) return new Response(`${-left} jobs ran twice`, { status: 500 })
  return Response.json({ idleMs: Math.max(startedAt - addedAt, 0) })
}
