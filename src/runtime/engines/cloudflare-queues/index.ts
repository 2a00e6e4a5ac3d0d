export { BackendError, type BackendErrorCode } from '../../ports/backend-error.ts'
export { InfrastructureError } from '../../ports/infrastructure-error.ts'
export type {
  DirectControl,
  DirectJob,
  DirectOutcome,
  DirectProcess,
} from '../../workers/push/direct-job.ts'
export type { WokenWorker } from '../../workers/push/wake-handler.ts'
export { MessageTooLargeError } from './message-too-large-error.ts'
export type { MessageBatchLike, MessageLike, QueueLike } from './queue-binding.ts'
export { queuesConsumer, type QueuesConsumerOptions } from './queues-consumer.ts'
export {
  queuesDirect,
  type QueuesDirect,
  type QueuesDirectOptions,
  type QueuesSendOptions,
} from './queues-direct.ts'
export { queuesDirectConsumer, type QueuesDirectConsumerOptions } from './queues-direct-consumer.ts'
export { queuesWaker, type QueuesWakerOptions } from './queues-waker.ts'
