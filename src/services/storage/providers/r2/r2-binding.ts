/** What of an R2 bucket's binding is needed. */
export interface R2BucketLike {
  head(key: string): Promise<R2ObjectLike | null>
  get(key: string, options?: R2GetOptionsLike): Promise<R2ObjectLike | R2BodyLike | null>
  put(
    key: string,
    value: Uint8Array<ArrayBuffer>,
    options?: R2PutOptionsLike,
  ): Promise<R2ObjectLike | null>
  delete(keys: string | string[]): Promise<void>
  list(options?: {
    readonly prefix?: string
    readonly delimiter?: string
    readonly cursor?: string
    readonly limit?: number
  }): Promise<R2PageLike>
  createMultipartUpload(
    key: string,
    options?: Pick<R2PutOptionsLike, 'httpMetadata' | 'customMetadata' | 'storageClass'>,
  ): Promise<R2UploadLike>
  resumeMultipartUpload(key: string, uploadId: string): R2UploadLike
}

export interface R2ObjectLike {
  readonly key: string
  readonly version: string
  readonly size: number
  readonly etag: string
  readonly uploaded: Date
  readonly checksums: { readonly md5?: ArrayBuffer; readonly sha256?: ArrayBuffer }
  readonly httpMetadata?: R2HttpMetadataLike
  readonly customMetadata?: Record<string, string>
  readonly storageClass?: string
}

export interface R2BodyLike extends R2ObjectLike {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
}

export interface R2HttpMetadataLike {
  contentType?: string
  contentLanguage?: string
  contentDisposition?: string
  contentEncoding?: string
  cacheControl?: string
}

export interface R2GetOptionsLike {
  readonly range?: { readonly offset: number; readonly length?: number }
  readonly onlyIf?: R2ConditionsLike
}

export interface R2ConditionsLike {
  readonly etagMatches?: string
  readonly etagDoesNotMatch?: string
}

export interface R2PutOptionsLike {
  readonly httpMetadata?: R2HttpMetadataLike
  readonly customMetadata?: Record<string, string>
  readonly storageClass?: string
  readonly onlyIf?: R2ConditionsLike
  readonly md5?: ArrayBuffer
  readonly sha256?: ArrayBuffer
}

export interface R2PageLike {
  readonly objects: readonly R2ObjectLike[]
  readonly delimitedPrefixes: readonly string[]
  readonly truncated: boolean
  readonly cursor?: string
}

export interface R2UploadLike {
  readonly uploadId: string
  uploadPart(
    partNumber: number,
    value: Uint8Array<ArrayBuffer>,
  ): Promise<{ readonly partNumber: number; readonly etag: string }>
  complete(parts: { readonly partNumber: number; readonly etag: string }[]): Promise<R2ObjectLike>
  abort(): Promise<void>
}
