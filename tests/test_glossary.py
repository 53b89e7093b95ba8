"""The words of the field in Chinese: one for each, the same everywhere."""

import re

from tests.test_locale import catalogue, words_of

# One Chinese word for each of ours, OceanBase's and OCP's own where they have one.
GLOSSARY = {
    r"\bclusters?\b": "集群",
    r"\bstandby\b": "备集群|主备",
    r"\bpackages?\b": "软件包",
    r"\bsubtasks?\b": "子任务",
    r"\btenants?\b": "租户",
    r"\bendpoints?\b": "接入点",
    r"\bchange requests?\b": "变更申请|申请",
    r"\bapprovers?\b": "审批",
    r"\boperators? of\b": "运维人员",
    r"\bthe runs?\b": "升级执行",
    r"\bplans?\b": "方案|计划",
    r"\bvotes?\b": "票|表决",
    r"\bhops?\b": "跳",
    r"\bpath files?\b": "升级路径文件",
    r"\bfingerprint\b": "指纹",
    r"\brolled back\b": "回滚",
    r"\bdrafts?\b": "草稿",
    r"\bcredentials\b": "凭据",
    r"\baccounts?\b": "账号",
}
# What is not said, and what is said in its place.
NOT_SAID = {
    "你": "您",
    "我们": "ocpdash",
    "帐号|账户": "账号",
    "登陆": "登录",
    "变更单|变更请求": "变更申请",
    "OCP 接入点|端点": "接入点",
    "全部环境的": "所有环境的",
    "废弃": "弃用",
    "明文 http": "明文 HTTP",
    "服务器": "OBServer, or 主机 for what it runs on",
    "安装包|程序包": "软件包",
    "备库|备用集群": "备集群",
}


def test_chinese_has_one_word_for_each_of_ours() -> None:
    odd = [
        (english, entry.msgid, words_of(entry))
        for entry in catalogue()
        for english, chinese in GLOSSARY.items()
        if re.search(english, re.sub(r"%\(\w+\)s", "", entry.msgid)) and not re.search(chinese, words_of(entry))
    ]
    assert odd == []


def test_chinese_does_not_say_it_otherwise() -> None:
    said = [(wrong, right, words_of(entry)) for entry in catalogue() for wrong, right in NOT_SAID.items()]
    assert [row for row in said if re.search(row[0], row[2])] == []
