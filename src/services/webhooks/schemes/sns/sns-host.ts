/** Where SNS is in the partitions of AWS that the internet reaches: their regions and domain. */
const PARTITIONS: readonly (readonly [partition: string, region: RegExp, domain: string])[] = [
  ['aws', /^(?!cn-)[a-z]{2}-[a-z]+-\d{1,2}$/, 'amazonaws.com'],
  ['aws-cn', /^cn-[a-z]+-\d{1,2}$/, 'amazonaws.com.cn'],
  ['aws-us-gov', /^us-gov-[a-z]+-\d{1,2}$/, 'amazonaws.com'],
  ['aws-eusc', /^eusc-[a-z]{2}-[a-z]+-\d{1,2}$/, 'amazonaws.eu'],
]

/** A region of SNS. */
export interface SnsRegion {
  readonly region: string
  /** Of the partition's services, such as `amazonaws.com`. */
  readonly domain: string
}

/** @returns The region of a topic, or `null` when `arn` is not of one */
export function regionOfTopic(arn: string): SnsRegion | null {
  const [, name, region = ''] =
    /^arn:([a-z-]+):sns:([a-z0-9-]+):[^:]+:[\w-]+(?:\.fifo)?$/.exec(arn) ?? []
  const found = PARTITIONS.find(
    ([partition, regions]) => partition === name && regions.test(region),
  )
  return found === undefined ? null : { region, domain: found[2] }
}

/** @returns The host of SNS in a region: the only one that its certificates and its links have */
export function snsHost({ region, domain }: SnsRegion): string {
  return `sns.${region}.${domain}`
}

/** @returns Whether `host` is that of SNS in some region */
export function isSnsHost(host: string): boolean {
  return PARTITIONS.some(
    ([, regions, domain]) =>
      host.startsWith('sns.') &&
      host.endsWith(`.${domain}`) &&
      regions.test(host.slice('sns.'.length, -domain.length - 1)),
  )
}
