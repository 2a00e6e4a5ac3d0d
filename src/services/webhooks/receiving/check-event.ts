import { describeIssues, type StandardSchema } from '../../../primitives/standard-schema.ts'
import { WebhookVerificationError } from '../webhook-verification-error.ts'

/**
 * @throws WebhookVerificationError `invalid_event`, naming what does not fit and not what it holds
 */
export async function checkEvent<Event>(
  schema: StandardSchema<unknown, Event>,
  event: unknown,
): Promise<Event> {
  const result = await schema['~standard'].validate(event)
  if (result.issues === undefined) return result.value
  throw new WebhookVerificationError('invalid_event', describeIssues('event', result.issues))
}
