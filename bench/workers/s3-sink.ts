import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * As much of S3 as uploads need, and nothing is kept: what is measured is the client. It runs in a
 * process of its own and prints its port.
 */
const server = createServer((request, response) => {
  const { method, url = '' } = request
  let length = 0
  request.on('data', (piece: Buffer) => void (length += piece.length))
  request.on('end', () => {
    const etag = createHash('md5').update(`${url} ${length}`).digest('hex')
    if (method === 'POST' && /[?&]uploads/.test(url)) {
      response.end(
        '<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>u1</UploadId></InitiateMultipartUploadResult>',
      )
    } else if (method === 'POST') {
      response.end(
        `<CompleteMultipartUploadResult><Location>l</Location><Bucket>b</Bucket><Key>k</Key><ETag>"${etag}-9"</ETag></CompleteMultipartUploadResult>`,
      )
    } else {
      response.setHeader('etag', `"${etag}"`)
      response.end()
    }
  })
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
