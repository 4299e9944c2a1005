/** What a page is: what it shows, read by one effect, and its end. */
import type { TemplateResult } from 'lit-html'

export interface Page {
  view(): TemplateResult
  /** Ends what the page has begun. */
  close?(): void
}
