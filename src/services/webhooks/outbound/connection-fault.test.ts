import { expect, test } from 'vitest'
import { connectionFaultOf } from './connection-fault.ts'

const failed = (cause: unknown): Error => new TypeError('fetch failed', { cause })
const coded = (code: string): Error => Object.assign(new Error('said'), { code })
const deno = (said: string): Error =>
  failed(new Error(`error sending request for url (https://r.example.com/): client error ${said}`))

test.for<[string, unknown]>([
  ['dns_failed', failed(coded('ENOTFOUND'))],
  ['dns_failed', coded('EAI_AGAIN')],
  ['dns_failed', deno('(Connect): dns error: failed to lookup address information')],
  ['connection_refused', failed(coded('ECONNREFUSED'))],
  [
    'connection_refused',
    failed(new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')], 'all')),
  ],
  ['connection_refused', deno('(Connect): tcp connect error: Connection refused (os error 111)')],
  ['tls_failed', failed(coded('DEPTH_ZERO_SELF_SIGNED_CERT'))],
  ['tls_failed', failed(coded('CERT_HAS_EXPIRED'))],
  ['tls_failed', failed(coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'))],
  ['tls_failed', failed(coded('ERR_TLS_CERT_ALTNAME_INVALID'))],
  ['tls_failed', failed(coded('ERR_SSL_WRONG_VERSION_NUMBER'))],
  ['tls_failed', coded('EPROTO')],
  ['tls_failed', deno('(Connect): invalid peer certificate: UnknownIssuer')],
  ['tls_failed', deno('(Connect): received corrupt message of type InvalidContentType')],
  ['address_blocked', coded('address_refused')],
  ['connect_failed', failed(coded('UND_ERR_SOCKET'))],
  ['connect_failed', coded('ECONNRESET')],
  ['connect_failed', new Error('Network connection lost.')],
  ['connect_failed', 'thrown'],
  ['connect_failed', undefined],
  ['connect_failed', { code: 7, message: null, errors: 'x' }],
])('connectionFaultOf() is %s', ([fault, error]) => {
  expect(connectionFaultOf(error)).toBe(fault)
})

test('connectionFaultOf() ends where an error is its own cause', () => {
  const error = new Error('round')
  error.cause = error
  expect(connectionFaultOf(error)).toBe('connect_failed')
})
