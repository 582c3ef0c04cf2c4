"""The table of corpora: what can follow ``-m``."""

from __future__ import annotations

from sharegpt_argilla.corpora.formats.ai_studio import AIStudio
from sharegpt_argilla.corpora.formats.alpaca import Alpaca
from sharegpt_argilla.corpora.formats.arena import Arena
from sharegpt_argilla.corpora.formats.baiduzhidao import BaiduZhidao
from sharegpt_argilla.corpora.formats.base import Corpus
from sharegpt_argilla.corpora.formats.chat_template import ChatTemplate
from sharegpt_argilla.corpora.formats.chatgpt_export import ChatGPTExport
from sharegpt_argilla.corpora.formats.claude_export import ClaudeExport
from sharegpt_argilla.corpora.formats.gemini_takeout import GeminiTakeout
from sharegpt_argilla.corpora.formats.kochatgpt_conversation import KoChatGPTConversation
from sharegpt_argilla.corpora.formats.kochatgpt_rm import RankedCompletions
from sharegpt_argilla.corpora.formats.librechat import LibreChat
from sharegpt_argilla.corpora.formats.lmsys import LMSYSChat
from sharegpt_argilla.corpora.formats.messages import OpenAIChat
from sharegpt_argilla.corpora.formats.multilang import Multilang
from sharegpt_argilla.corpora.formats.oasst import OpenAssistant
from sharegpt_argilla.corpora.formats.open_webui import OpenWebUI
from sharegpt_argilla.corpora.formats.preference_pairs import Preference
from sharegpt_argilla.corpora.formats.prompt_response import COMPLETION, PromptResponse, Prompts
from sharegpt_argilla.corpora.formats.question_answer import QuestionAnswer
from sharegpt_argilla.corpora.formats.ryokoai import RyokoAI
from sharegpt_argilla.corpora.formats.seed_tasks import SeedTasks
from sharegpt_argilla.corpora.formats.sharegpt import ShareGPT
from sharegpt_argilla.corpora.formats.sharegpt_90k import Common
from sharegpt_argilla.corpora.formats.sillytavern import SillyTavern
from sharegpt_argilla.corpora.formats.turn_log import TurnLog
from sharegpt_argilla.corpora.formats.wildchat import WildChat
from sharegpt_argilla.corpora.formats.zetavg import Zetavg
from sharegpt_argilla.registry import Registry

# Of those that fit the outline of a record detection.py takes the first: the narrower one is before the wider.
_MEMBERS: tuple[Corpus, ...] = (
    ShareGPT("vicuna", "anon8231489123/ShareGPT_Vicuna_unfiltered", splits=True),
    ShareGPT("gpt4", "Ejafa/GPT_4_with_ShareGPT"),
    Multilang(),
    Common("common_en", "shareAI/ShareGPT-Chinese-English-90k, English"),
    Common("common_zh", "shareAI/ShareGPT-Chinese-English-90k, Chinese", chinese=True),
    BaiduZhidao(),
    Zetavg(),
    RyokoAI(),
    WildChat(),
    LMSYSChat(),
    Arena(),
    OpenAssistant(),
    # Before messages: their records have a list of messages too, which says less.
    Preference(),
    OpenWebUI(),
    OpenAIChat(),
    ChatGPTExport(),
    ClaudeExport(),
    LibreChat(),
    SillyTavern(),
    GeminiTakeout(),
    AIStudio(),
    ChatTemplate(),
    TurnLog(),
    Alpaca("alpaca", "Alpaca and its kin (tatsu-lab/alpaca, malay.json and ChatDoctor of MYChatGPT)"),
    SeedTasks(),
    # Before prompt_response, whose layout is the wider one.
    PromptResponse(
        "kochatgpt_sft",
        "KoChatGPT step 1, fine-tuning (mschatgpt_1_SFT.jsonl of MYChatGPT)",
        answers=(COMPLETION,),
        distinctive=("tokens", "token"),
    ),
    PromptResponse("prompt_response", "GPT4All (data_ms.jsonl of MYChatGPT) and files of prompt and completion"),
    RankedCompletions(),
    QuestionAnswer(),
    Prompts(),
    KoChatGPTConversation(),
)

CORPORA: Registry[Corpus] = Registry(
    "corpus",
    {member.name: member for member in _MEMBERS},
    group="sharegpt_argilla.corpora",
    needs=("name", "title", "source", "container", "is_record", "read"),
)
"""Every corpus adapter by name."""
