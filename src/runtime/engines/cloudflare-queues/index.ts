export type { DirectControl, DirectJob, DirectOutcome, DirectProcess } from '../../workers/push/direct-job.ts'
export type { RungWorker } from '../../workers/push/ring-answerer.ts'
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
export { queuesDoorbell, type QueuesDoorbellOptions } from './queues-doorbell.ts'
