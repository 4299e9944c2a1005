/** What stands in a field that has just been changed. */

export function textIn({ target }: Event): string {
  const isField =
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  return isField ? target.value : ''
}

/** The same without blanks around it; nothing where the field is empty. */
export const filledIn = (event: Event): string | undefined => textIn(event).trim() || undefined

export const isTicked = ({ target }: Event): boolean => target instanceof HTMLInputElement && target.checked
