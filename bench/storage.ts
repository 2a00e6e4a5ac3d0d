import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { createS3Presigner } from '@white-cross/reuse/infrastructure/storage/s3'
import { AwsClient } from 'aws4fetch'
import { S3Client } from 'lean-s3'
import { S3mini } from 's3mini'
import { compare, rateOf, type Contender, type Outcome } from './compare.ts'
import { render } from './render.ts'

const MIB = 1_048_576
const LINKS = 2000
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', region: 'eu-central-1' }
const endpoint = 'https://s3.example.com'

/** Presigning and uploading against the small clients of today. */
export async function measure(machine: string): Promise<string> {
  const texts = [
    render(await presigning(leanS3()), machine),
    render(await presigning(aws4fetch()), machine),
    render(await presigning(s3mini()), machine),
  ]
  const sink = start('s3-sink.ts')
  try {
    const port = await firstLine(sink)
    texts.push(render(await uploading(port), machine))
    texts.push(await memory(port, machine))
  } finally {
    sink.kill()
  }
  return texts.join('\n')
}

function presigning(peer: Contender & { readonly target: number }): Promise<Outcome> {
  const presign = createS3Presigner({ ...keys, endpoint, bucket: 'avatars' })
  const ours: Contender = {
    name: 'reuse, createS3Presigner',
    round: () =>
      rateOf(LINKS, async () => {
        for (let index = 0; index < LINKS; index++) presign(`users/${index}.png`)
      }),
  }
  return compare({
    title: `Presigning a GET: against ${peer.name}`,
    setting: `${LINKS} links of different keys, one after the other, the same credentials`,
    contenders: [ours, peer],
    target: peer.target,
    rounds: 9,
  })
}

function leanS3(): Contender & { readonly target: number } {
  const client = new S3Client({ ...keys, endpoint, bucket: 'avatars' })
  return {
    name: 'lean-s3 0.6.3',
    target: 1,
    round: () =>
      rateOf(LINKS, async () => {
        for (let index = 0; index < LINKS; index++)
          client.presign(`users/${index}.png`, { expiresIn: 900 })
      }),
  }
}

function aws4fetch(): Contender & { readonly target: number } {
  const client = new AwsClient({ ...keys, service: 's3' })
  return {
    name: 'aws4fetch 1.0.20',
    target: 5,
    round: () =>
      rateOf(LINKS, async () => {
        for (let index = 0; index < LINKS; index++) {
          const url = `${endpoint}/avatars/users/${index}.png?X-Amz-Expires=900`
          await client.sign(url, { aws: { signQuery: true } })
        }
      }),
  }
}

function s3mini(): Contender & { readonly target: number } {
  const client = new S3mini({ ...keys, endpoint: `${endpoint}/avatars` })
  return {
    name: 's3mini 1.0.2',
    target: 1,
    round: () =>
      rateOf(LINKS, async () => {
        for (let index = 0; index < LINKS; index++)
          await client.getPresignedUrl('GET', `users/${index}.png`, 900)
      }),
  }
}

function uploading(port: string): Promise<Outcome> {
  const bytes = 512 * MIB
  const contender = (name: string, concurrency: number): Contender => ({
    name: name === 's3mini' ? 's3mini 1.0.2, putAnyObject' : `reuse, ${concurrency} parts at once`,
    async round() {
      const { ms } = await upload(port, name, bytes, concurrency)
      return (bytes / MIB / ms) * 1000
    },
  })
  return compare({
    title: 'Uploading a stream of unknown length: against s3mini',
    setting:
      '512 MiB from memory to a sink on the same machine that keeps nothing, payload unsigned; ' +
      'each in a process of its own; MiB a second',
    contenders: [
      contender('reuse', 4),
      contender('s3mini', 0),
      contender('reuse', 2),
      contender('reuse', 1),
    ],
    target: 1,
    unit: 'MiB/s',
    rounds: 3,
  })
}

async function memory(port: string, machine: string): Promise<string> {
  const rows: string[] = []
  const cases: readonly (readonly [string, number, number])[] = [
    ['reuse', 1, 512],
    ['reuse', 2, 64],
    ['reuse', 2, 512],
    ['reuse', 2, 5120],
    ['reuse', 4, 512],
    ['s3mini', 0, 512],
  ]
  for (const [name, concurrency, mib] of cases) {
    const { most } = await upload(port, name, mib * MIB, concurrency, 'watch')
    const who = name === 's3mini' ? 's3mini 1.0.2' : `reuse, ${concurrency} parts at once`
    rows.push(`| ${who} | ${mib.toLocaleString('en-US')} MiB | ${most.toFixed(1)} MiB |`)
  }
  return [
    '## Memory of an upload',
    '',
    'The same upload, looked at every 20 ms after a full collection: array buffers and heap together at',
    'most, with all of the program in it. Aims: 48 MiB with the default of 2 parts at once, 64 MiB with 4,',
    'flat from 64 MiB to 5 GiB.',
    '',
    '| | uploaded | most live |',
    '|---|---:|---:|',
    ...rows,
    '',
    `Measured on ${machine}.`,
    '',
  ].join('\n')
}

async function upload(
  port: string,
  name: string,
  bytes: number,
  concurrency: number,
  watch = '',
): Promise<{ readonly ms: number; readonly most: number }> {
  const child = start('upload-stream.ts', name, port, String(bytes), String(concurrency), watch)
  return JSON.parse(await firstLine(child)) as { ms: number; most: number }
}

function start(file: string, ...args: readonly string[]): ChildProcess {
  const path = new URL(`./workers/${file}`, import.meta.url).pathname
  return spawn('node', ['--expose-gc', '--conditions=white-cross-source', path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function firstLine(child: ChildProcess): Promise<string> {
  const { stdout } = child
  if (stdout === null) throw new Error('It has no output')
  for await (const line of createInterface({ input: stdout })) return line
  throw new Error('It ended without a word')
}
