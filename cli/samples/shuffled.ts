import type { JavaRandom } from './java-random.js'

/** So many places behind its own a record may come that is a little out of order, repeated, or very late. */
const little = 20
const soon = 100
const much = 5_000

export interface Disorder {
  readonly duplicates: number
  readonly disorder: number
  readonly late: number
}

/** Delivers lines as bad lines do: some twice, some a little out of order, some very late. All of them come. */
export class Shuffled {
  readonly #random: JavaRandom
  readonly #disorder: Disorder
  /** By the place at which they are due. */
  readonly #held = new Map<number, string[]>()
  #place = 0

  constructor(random: JavaRandom, disorder: Disorder) {
    this.#random = random
    this.#disorder = disorder
  }

  /** The lines that are delivered when one more is sent. */
  push(line: string): string[] {
    const place = this.#place++
    const { duplicates, disorder, late } = this.#disorder
    if (this.#chance(late)) this.#hold(place + little + this.#random.nextInt(much), line)
    else if (this.#chance(disorder)) this.#hold(place + 1 + this.#random.nextInt(little), line)
    else this.#hold(place, line)
    if (this.#chance(duplicates)) this.#hold(place + 1 + this.#random.nextInt(soon), line)
    return this.#due(place)
  }

  /** Those that are still on their way. */
  end(): string[] {
    const places = [...this.#held.keys()].sort((a, b) => a - b)
    return places.flatMap((place) => this.#due(place))
  }

  #due(place: number): string[] {
    const lines = this.#held.get(place) ?? []
    this.#held.delete(place)
    return lines
  }

  #hold(place: number, line: string): void {
    const lines = this.#held.get(place)
    if (lines) lines.push(line)
    else this.#held.set(place, [line])
  }

  #chance(share: number): boolean {
    return this.#random.nextDouble() < share
  }
}
