import { open, rename, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

/** Written in blocks of about so many characters. */
const block = 256 * 1024

/** A file of lines that is being written: under a name that importers skip, so that nobody reads half of it. */
export class LineFile {
  readonly #file: FileHandle
  readonly #unfinished: string
  readonly #path: string
  #text = ''

  private constructor(file: FileHandle, unfinished: string, path: string) {
    this.#file = file
    this.#unfinished = unfinished
    this.#path = path
  }

  static async open(folder: string, name: string): Promise<LineFile> {
    const unfinished = join(folder, `tmp-${name}`)
    return new LineFile(await open(unfinished, 'w'), unfinished, join(folder, name))
  }

  /** Adds a line. Answers whether it is time to {@link flush}. */
  add(line: string): boolean {
    this.#text += `${line}\n`
    return this.#text.length >= block
  }

  async flush(): Promise<void> {
    const text = this.#text
    this.#text = ''
    await this.#file.appendFile(text)
  }

  /** Writes the rest, and gives the file its name. */
  async close(): Promise<void> {
    await this.flush()
    await this.#file.close()
    await rename(this.#unfinished, this.#path)
  }
}
