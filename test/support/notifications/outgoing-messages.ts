import type { OutgoingChat } from '../../../src/services/notifications/channels/chat-message.ts'
import type { OutgoingEmail } from '../../../src/services/notifications/channels/email-message.ts'
import type { OutgoingPush } from '../../../src/services/notifications/channels/push-message.ts'
import type { OutgoingSms } from '../../../src/services/notifications/channels/sms-message.ts'

/** A plain e-mail as providers get it. */
export function outgoingEmail(parts: Partial<OutgoingEmail> = {}): OutgoingEmail {
  return {
    id: 'msg_1',
    from: { email: 'shop@example.com', name: 'Shop' },
    to: [{ email: 'ann@example.com' }],
    cc: [],
    bcc: [],
    replyTo: [],
    subject: 'Hello',
    html: '<p>Hello</p>',
    text: 'Hello',
    attachments: [],
    headers: {},
    tags: {},
    providerTracking: null,
    size: 17,
    ...parts,
  }
}

/** An e-mail that has everything. */
export function fullEmail(): OutgoingEmail {
  return outgoingEmail({
    from: { email: 'shop@example.com', name: 'Shop, "the" best' },
    to: [{ email: 'ann@example.com', name: 'Ann Lee' }, { email: 'bob@example.com' }],
    cc: [{ email: 'cc@example.com' }],
    bcc: [{ email: 'bcc@example.com', name: 'Hidden' }],
    replyTo: [{ email: 'help@example.com' }, { email: 'more@example.com', name: 'More' }],
    subject: 'Zażółć 😀',
    attachments: [
      {
        filename: 'bill.pdf',
        contentType: 'application/pdf',
        contentId: null,
        bytes: new Uint8Array([1, 2, 3]),
      },
      {
        filename: 'logo.png',
        contentType: 'image/png',
        contentId: 'logo',
        bytes: new Uint8Array([4, 5]),
      },
    ],
    headers: { 'X-Order': '42' },
    tags: { campaign: 'spring' },
    providerTracking: false,
  })
}

export function outgoingSms(parts: Partial<OutgoingSms> = {}): OutgoingSms {
  return { id: 'msg_1', to: '+48123456789', from: null, text: 'Hello', mediaUrls: [], ...parts }
}

export function outgoingPush(parts: Partial<OutgoingPush> = {}): OutgoingPush {
  return {
    id: 'msg_1',
    target: { token: 'token-1' },
    title: 'Title',
    body: 'Body',
    data: {},
    url: null,
    image: null,
    collapseKey: null,
    ttlSeconds: 3600,
    urgency: 'high',
    badge: null,
    sound: null,
    ...parts,
  }
}

export function outgoingChat(parts: Partial<OutgoingChat> = {}): OutgoingChat {
  return { id: 'msg_1', text: 'Hello', title: null, url: null, ...parts }
}
