/** What is left of a text without the reasoning of its model, and what is no reasoning. */
import { describe, expect, it } from 'vitest'
import { outOfThought } from '#models/thinking.ts'

describe('the reasoning is taken off', () => {
  it.each([
    'Okay.\n<think>hm</think>ok',
    'assistant\n<think>hm</think>ok',
    '<|im_start|>assistant\n<think>hm</think>ok',
    '\u200b<think>hm</think>ok',
    '<think>a <think>b</think> c</think>ok',
    '<think>they ask of "</think>" and <think> tags</think>ok',
    '<think>hm</thinking>ok',
    '<thinking>hm</think>ok',
    '<think />ok',
    '<think/>ok',
    'hm</seed:think>ok',
    '<|channel>thought\nhm<channel|>ok',
    '<longcat_think>hm</longcat_think>ok',
    'hm</longcat_think>ok',
    '<|inner_prefix|>hm<|inner_suffix|>ok',
    '<reflection>hm</reflection><output>ok</output>',
    'hm</reflection><output>ok</output>',
    '<thought>hm</thought><final_answer>ok</final_answer>',
    'hm</thoughts>ok',
    'hm<|END_THINKING|>ok',
    '<thought_process>hm</thought_process>ok',
    '<REASONING_SCRATCHPAD>hm</REASONING_SCRATCHPAD>ok',
    '<details type="reasoning" done="true"><summary>Thought</summary>hm</details>ok',
    '&lt;think&gt;hm&lt;/think&gt;ok',
    '<|thinking|>hm<|/thinking|>ok',
    'analysisThey ask.assistantfinalok',
    'Here is my thought process: hm Here is my response: ok',
    'final<|message|>ok<|return|>',
    'analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>ok',
    'hm<|end|><|start|>assistant<|channel|>final<|message|>ok<|return|>',
  ])('of %j', text => {
    expect(outOfThought(text)).toBe('ok')
  })

  it('from an answer that has more thoughts than a function can call itself', () => {
    expect(outOfThought(`${'<think>a</think>'.repeat(20_000)}ok`)).toBe('ok')
  })

  it('in little time, whatever is in it', () => {
    for (const part of [
      '<think>',
      '<think><think></think>',
      '</s>',
      '<details type=',
      '`<|end|>',
      '<|channel|>final<|a|>',
    ])
      outOfThought(`${part.repeat(5_000)}x`)
  })
})

it.each([
  '<|channel|>analysis<|message|>hm<|end|>',
  '<|channel|>commentary<|message|>hm<|end|>',
  '<|start|>assistant<|channel|>analysis<|mess',
  'Okay.\n<think>hm',
  '<think>a <think>b',
])('nothing is left of reasoning without an answer: %j', text => {
  expect(outOfThought(text)).toBe('')
})

it.each([
  '<think>hm</think>\n<response>\nok\n</response>',
  '<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>ok<|END_RESPONSE|>',
  '<|START_RESPONSE|>ok',
  '<think>hm</think><|begin_of_box|>ok<|end_of_box|>',
  '<|begin_of_thought|>hm<|end_of_thought|><|begin_of_solution|>ok<|end_of_solution|>',
  'ok<|im_end|>',
  'ok</s>',
  'ok<|eot_id|>',
  'ok<turn|>',
  'ok<|user|>',
  'ok<|im_sep|>',
  'ok<end_of_turn>',
  'ok<|im_end|></s>',
  '<think>hm</think>ok<｜end▁of▁sentence｜>',
])('the marks around an answer are taken off: %j', text => {
  expect(outOfThought(text)).toBe('ok')
})

it.each([
  'It writes `</think>` behind its thoughts.',
  'It writes "</think>" behind its thoughts.',
  'The closing </think> tag ends it.',
  'Like this:\n```\nhm\n</think>\nok\n```',
  'It begins so:\n<think>hm</think>\nand goes on.',
  'A thought is <think>hm</think>, a call is <tool>.',
  'In harmony, `<|channel|>final<|message|>` begins the answer.',
  'Like this: `hm<|end|><|start|>assistant<|channel|>final<|message|>ok`',
  'The token of the end is <|im_end|>',
  'The token of the end is `</s>`',
  '<|im_start|>user\nhi<|im_end|>',
  'A price of <s>10</s>',
  'analysisResult is a variable.',
  'analysis of the finals',
  'Okay. It is so.',
  '<response>hi</response>',
  '<details><summary>More</summary>hm</details>',
])('an answer about such marks is left alone: %j', text => {
  expect(outOfThought(text)).toBe(text)
})
