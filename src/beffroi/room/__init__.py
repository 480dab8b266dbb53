"""The room's organisation: who is on duty for which communes, who may see what tonight, who could replace whom.

It opens nothing: a shift gives no right, and every right is the law's.
"""
