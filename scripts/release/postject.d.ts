declare module 'postject' {
  /** Changes the file in place. */
  export function inject(
    file: string,
    resourceName: string,
    resource: Buffer,
    options: {readonly sentinelFuse: string; readonly machoSegmentName?: string},
  ): Promise<void>;
}
