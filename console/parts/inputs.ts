/** What stands in a field that has just been changed. */

export function textIn({ target }: Event): string {
  const isField =
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  return isField ? target.value : ''
}

export const isTicked = ({ target }: Event): boolean => target instanceof HTMLInputElement && target.checked
