/** Stands in for `cloudflare:email`, which workerd alone does not have: a Worker that sends none can load. */
export class EmailMessage {
  constructor() {
    throw new Error('Cannot send email: this Worker has no email service')
  }
}
