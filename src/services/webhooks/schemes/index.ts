export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export {
  WebhookVerificationError,
  type WebhookVerificationCode,
} from '../webhook-verification-error.ts'
export {
  confirmSnsSubscription,
  type ConfirmSnsSubscriptionOptions,
} from './sns/confirm-sns-subscription.ts'
export { mailgunWebhook } from './mailgun.ts'
export {
  messageSignatureWebhook,
  type MessageSignatureWebhookOptions,
} from './message-signature.ts'
export { paypalWebhook, type PaypalWebhookOptions } from './paypal/paypal.ts'
export type { PaypalCredentials } from './paypal/paypal-verification.ts'
export { postmarkWebhook } from './postmark.ts'
export { sendgridWebhook } from './sendgrid.ts'
export { shopifyWebhook } from './shopify.ts'
export {
  signatureScheme,
  type ClaimedSignature,
  type SignatureClaim,
  type SignatureSchemeOptions,
  type VerificationKey,
} from './signature-scheme.ts'
export { slackWebhook } from './slack.ts'
export { snsWebhook, type SnsWebhookOptions } from './sns/sns.ts'
export { squareWebhook, type SquareWebhookOptions } from './square.ts'
export { twilioWebhook, type TwilioWebhookOptions } from './twilio/twilio.ts'
export { vonageWebhook } from './vonage.ts'
export type {
  AuthenticWebhook,
  VerificationPolicy,
  WebhookIdentity,
  WebhookMessage,
  WebhookScheme,
  WebhookVerdict,
} from './webhook-scheme.ts'
